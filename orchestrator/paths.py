"""The folders in which workers look for modules."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ray.job_config import JobConfig

_PACKAGE = Path(__file__).parent.parent  # gensweep, as it was imported


class SafeJob(JobConfig):
    """A job whose workers look for modules in `folders` before those of every Python.

    Without it they would also look in the working directory of the launch, and often in that of
    its script: Ray adds both just before it serializes a job. A user's `profile.py` there would
    replace the standard library's, which torch imports.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        super().__init__()
        self._folders = folders

    def _serialize(self) -> str:
        self._py_driver_sys_path = list(self._folders)
        return super()._serialize()


def own_folder() -> list[str]:
    """The folder that contains this gensweep, if a new Python would find another one or none.

    `python -m gensweep` in a checkout that is not installed is such a case.
    """
    specs = (finder.find_spec("gensweep", None) for finder in sys.meta_path)
    spec = next((found for found in specs if found), None)
    places = list(spec.submodule_search_locations or []) if spec else []
    return [] if str(_PACKAGE) in places else [str(_PACKAGE.parent)]
