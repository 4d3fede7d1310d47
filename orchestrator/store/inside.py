"""Every access to the files of a results folder: below its root, and through no link.

Folders come from strangers, so a name or a link in one may point anywhere. A path is split into the
root, one sub-folder and a name. The sub-folder is opened without following a link, and everything
happens relative to it, which leaves no moment between a check and its use, as comparing resolved
paths would. The root itself may be a link. A bucket has no links and no `..`, so there it is enough
that the key begins with the root's.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gensweep.orchestrator.store.bucket import BucketPath, BucketStat, upload
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.location import Location
from gensweep.trainables.shown import short

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe without a writer must not hold up who opens it.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def read(root: Location, path: Location, most: int) -> bytes:
    """A regular file of at most so many bytes. Raises OSError, or ValueError for anything else."""
    if isinstance(path, BucketPath):
        return path.read_bytes(most)
    with opened(root, path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"{size:,} bytes, more than {most:,}", str(path))
        return file.read()


def opened(root: Location, path: Location) -> BinaryIO:
    """A regular file, to be read at any place. Raises OSError, or ValueError for anything else."""
    if isinstance(path, BucketPath):
        _split(root, path)
        object_: BinaryIO = path.open("rb")
        return object_
    with _folder(root, path) as (folder, name):
        file = _open_regular(name, folder)
    return os.fdopen(file, "rb")


def listed(root: Location, folder: Location, pattern: str = "*") -> list[Location]:
    """The entries of the root or a folder in it, by name; empty if there is no folder.

    Raises StoreError if it cannot be read.
    """
    names: list[str] = []
    try:
        if isinstance(folder, BucketPath):
            names = [path.name for path in folder.glob(pattern)]
        else:
            with suppress(FileNotFoundError), _folder(root, folder / "*") as (entries, _):
                names = fnmatch.filter(os.listdir(entries), pattern)  # noqa: PTH208
    except OSError as error:
        raise not_readable(folder, error) from error
    return [folder / name for name in sorted(names)]


def status(root: Location, path: Location) -> os.stat_result | BucketStat:
    """What `stat` says of it, or of the link that it is. Raises OSError."""
    if isinstance(path, BucketPath):
        return path.stat()
    with _folder(root, path) as (folder, name):
        return os.stat(name, dir_fd=folder, follow_symlinks=False)


def is_folder(root: Location, path: Location) -> bool:
    if isinstance(path, BucketPath):
        return False  # a file and a folder of one name do not hinder each other
    try:
        return stat.S_ISDIR(status(root, path).st_mode)
    except OSError:
        return False


def remove(root: Location, path: Location) -> None:
    """Delete a file, or the link that it is, if it is there. Raises StoreError if it cannot."""
    try:
        if isinstance(path, BucketPath):
            _split(root, path)
            path.unlink(missing_ok=True)
            return
        with suppress(FileNotFoundError), _folder(root, path) as (folder, name):
            os.unlink(name, dir_fd=folder)
    except OSError as error:
        raise not_writable(path, error) from error


def move(root: Location, path: Location, target: Location) -> None:
    """Rename what is there, or the link that it is. Raises OSError."""
    if isinstance(path, BucketPath) or isinstance(target, BucketPath):
        for place in (path, target):
            _split(root, place)
        path.replace(target)  # type: ignore[arg-type]  # both are of one store, and of a kind
        return
    with (
        _folder(root, path) as (here, name),
        _folder(root, target, make=True) as (there, new_name),
    ):
        os.replace(name, new_name, src_dir_fd=here, dst_dir_fd=there)


@contextmanager
def replacing(
    root: Location, path: Location, durable: bool, check: Callable[[], None]
) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` when the block ends without an error.

    An object appears when its upload is complete. A file has a temporary name until then.
    `check` is called last before that. Raises OSError.
    """
    if isinstance(path, BucketPath):
        _split(root, path)
        with upload(path) as file:
            yield file
            check()
        return
    temporary = f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp"
    with _folder(root, path, make=True) as (folder, name):
        try:
            with os.fdopen(_open_new(temporary, folder), "wb") as file:
                yield file
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            check()
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):  # already gone, or as unreachable as the file
                os.unlink(temporary, dir_fd=folder)
            raise


def linked(folder: Location) -> bool:
    return isinstance(folder, Path) and folder.is_symlink()


def not_readable(path: Location, error: Exception) -> StoreError:
    return StoreError(short(str(path), 300), f"cannot be read ({short(str(error), 200)})")


def not_writable(path: Location, error: OSError) -> StoreError:
    reason = short(error.strerror or str(error), 200)
    where = short(str(path), 300)
    return StoreError(where, f"cannot be written ({reason})", todo="choose another --results")


@contextmanager
def _folder(root: Location, path: Path, make: bool = False) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder that a file lies in, and the file's name there."""
    inner, name = _split(root, path)
    place = path.parent
    if make:
        place.mkdir(parents=True, exist_ok=True)
    folder = os.open(place, _FOLDER | os.O_NOFOLLOW if inner else _FOLDER)
    try:
        yield folder, name
    finally:
        os.close(folder)


def _split(root: Location, path: Location) -> tuple[str, str]:
    """The sub-folder, empty for the root, and the name. Raises StoreError for a path elsewhere."""
    begin, whole = _parts(root), _parts(path)
    *folders, name = whole[len(begin) :] or ("",)
    if whole[: len(begin)] != begin or len(folders) > 1 or {"", ".."} & {*folders, name}:
        raise StoreError(short(str(path), 300), "is outside the results folder")
    return "".join(folders), name


def _parts(place: Location) -> tuple[str, ...]:
    if isinstance(place, BucketPath):
        return (place.scheme, place.bucket, *filter(None, place.key.split("/")))
    return place.parts


def _open_regular(name: str, folder: int) -> int:
    try:
        file = os.open(name, _READ, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link or a socket
            raise ValueError(_kind(os.lstat(name, dir_fd=folder).st_mode)) from error
        raise
    mode = os.fstat(file).st_mode
    if not stat.S_ISREG(mode):
        os.close(file)
        raise ValueError(_kind(mode))
    return file


def _open_new(name: str, folder: int) -> int:
    """Of a file that is written, only the writer knows: what has its name is a leftover."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    return os.open(name, _WRITE, 0o666, dir_fd=folder)


def _kind(mode: int) -> str:
    kind = next((kind for is_it, kind in _KINDS if is_it(mode)), "a device")
    return f"{kind}, not a file"
