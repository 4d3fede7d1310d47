"""The folders of prepared datasets: room for one, and how it takes the place of an earlier one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from gensweep.trainables.errors import DataError

_ENDINGS = (".npy", ".json", ".bin")  # of all files in the folder of a prepared dataset
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "bytes"))


def place_of(name: str, data_dir: Path) -> Path:
    """The folder that a dataset is to be in, of a data folder that is there from now on.

    Raises DataError where the dataset would take the place of anything but an earlier one, such as
    the user's images, of which it is to be made.
    """
    folder = data_dir / name
    todo = "move it away, or name another folder with --data"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(str(data_dir), f"is no folder ({error.strerror})") from error
    if folder.is_symlink():
        what = "is a link, and a prepared dataset would take its place"
        raise DataError(str(folder), what, todo="name the folder that it is in with --data")
    if folder.is_file():
        raise DataError(str(folder), "is a file where a dataset is to be", todo=todo)
    entries = folder.iterdir() if folder.exists() else ()
    if others := sorted(entry.name for entry in entries if not is_part(entry)):
        what = f"holds {others[0]}, which is no part of a prepared dataset"
        raise DataError(str(folder), what, todo=todo)
    return folder


def is_part(entry: Path) -> bool:
    """Whether it may be a file of a prepared dataset."""
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
