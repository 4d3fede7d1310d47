"""The folders of prepared datasets: room for one, and how it takes the place of an earlier one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from gensweep.trainables.errors import DataError

_ENDINGS = (".npy", ".json", ".bin")  # of all files in the folder of a prepared dataset
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "bytes"))


def check_place(folder: Path) -> None:
    """Raise DataError where a prepared dataset would take the place of anything else.

    Such as the user's images, of which a dataset would be made that replaces them.
    """
    todo = "move it away, or name another folder with --data"
    if not folder.parent.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(str(folder.parent), f"is no folder ({error.strerror})") from error
    if folder.is_symlink():
        what = "is a link, and a prepared dataset would take its place"
        raise DataError(str(folder), what, todo="name the folder that it is in with --data")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise DataError(str(folder), "is a file where a dataset is to be", todo=todo)
    others = sorted(entry.name for entry in folder.iterdir() if not _is_ours(entry))
    if others:
        what = f"holds {others[0]}, which is no part of a prepared dataset"
        raise DataError(str(folder), what, todo=todo)


def _is_ours(entry: Path) -> bool:
    return entry.suffix in _ENDINGS and entry.is_file() and not entry.is_symlink()


def check_room(name: str, needed: int, data_dir: Path) -> None:
    """Raise DataError where a dataset of so many bytes does not fit."""
    free = shutil.disk_usage(data_dir).free
    if needed > free:
        what = f"has {_size(free)} free, and {name} takes {_size(needed)}"
        raise DataError(str(data_dir), what, todo="free some, or name another with --data")


def put_in_place(fresh: Path, folder: Path) -> None:
    """Rename a folder that is complete, replacing an earlier one.

    What was killed between the two renames has left the earlier one under a hidden name. It goes
    with the next that takes the place.
    """
    fresh.chmod(0o755)
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=_hidden(folder), dir=folder.parent))
        os.replace(folder, old)
    os.replace(fresh, folder)
    for old in folder.parent.glob(f"{_hidden(folder)}*"):
        shutil.rmtree(old, ignore_errors=True)


def _hidden(folder: Path) -> str:
    return f".{folder.name}-old-"


def _size(count: int) -> str:
    size, unit = next(((s, u) for s, u in _UNITS if count >= s), _UNITS[-1])
    return f"{count / size:.3g} {unit}"
