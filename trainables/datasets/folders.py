"""The folders of prepared datasets: room for one, and how it takes the place of an earlier one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from gensweep.trainables.errors import DataError


def check_room(name: str, needed: int, data_dir: Path) -> None:
    """Raise DataError where a dataset of so many bytes does not fit."""
    free = shutil.disk_usage(data_dir).free
    if needed > free:
        what = f"has {free / 1e9:.1f} GB free, and {name} takes {needed / 1e9:.1f}"
        raise DataError(str(data_dir), what, todo="free some, or name another with --data")


def put_in_place(fresh: Path, folder: Path) -> None:
    """Rename a folder that is complete, replacing an earlier one."""
    fresh.chmod(0o755)
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
        os.replace(folder, old)
        shutil.rmtree(old)
    os.replace(fresh, folder)
