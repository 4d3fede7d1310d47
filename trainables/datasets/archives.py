"""Reads the files of a dataset from a folder or a tar archive that somebody else may have made."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

_MOST_BYTES = 1_000_000_000  # of an unpacked archive
_MOST_MEMBERS = 1000
_MOST_HEADER = 16_384  # bytes of a member's header; Python searches it in quadratic time
_OPENERS: dict[bytes, Callable[[Path], object]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}


def read_file(path: Path, most: int) -> bytes:
    """A regular file of at most so many bytes. Raises OSError or ValueError."""
    if path.exists() and not path.is_file():
        raise ValueError(f"{path.name} is not a regular file")
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path.name} has more than {most} bytes")
    return content


def read_members(source: Path, names: Collection[str], most: int) -> dict[str, bytes] | None:
    """The regular files of these names in a tar archive, each of at most so many bytes.

    Links, devices, and names that lead out of the archive are passed over. Nothing is unpacked to
    the disk. None if the source is no tar archive; raises OSError, ValueError or TarError for
    one that is damaged or far larger than a dataset.
    """
    with _unpacked(source) as stream:
        try:
            archive = tarfile.open(fileobj=cast("BinaryIO", _Headers(stream)), mode="r:")  # noqa: SIM115
        except tarfile.ReadError:
            return None
        found = {}
        for count, member in enumerate(archive, start=1):
            end = member.offset_data + member.size
            if count > _MOST_MEMBERS or not 0 <= member.size <= end <= _MOST_BYTES:
                raise ValueError("it holds far more than the dataset")
            path = PurePosixPath(member.name)
            inside = not path.is_absolute() and ".." not in path.parts
            if inside and path.name in names and member.isreg() and not member.issparse():
                found[path.name] = _content(stream, member, most)
        return found


def members(stream: BinaryIO, most: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the regular files in a tar archive that is not compressed, in its
    order, each of at most so many bytes.

    Raises ValueError or TarError for an archive that is damaged or cut short.
    """
    with tarfile.open(fileobj=cast("BinaryIO", _Headers(stream)), mode="r:") as archive:
        for member in archive:
            if member.isreg() and not member.issparse():
                yield member.name, _content(stream, member, most)


def _content(stream: BinaryIO, member: tarfile.TarInfo, most: int) -> bytes:
    """A member's content; the stream stays where it was."""
    name = member.name[:100]
    if not 0 <= member.size <= most:
        raise ValueError(f"{name} has more than {most} bytes")
    before = stream.tell()
    stream.seek(member.offset_data)
    content = stream.read(member.size)
    stream.seek(before)
    if len(content) < member.size:
        raise ValueError(f"it is cut short in {name}")
    return content


def _unpacked(source: Path) -> BinaryIO:
    with source.open("rb") as file:
        start = file.read(8)
    opener = next((opener for magic, opener in _OPENERS.items() if start.startswith(magic)), None)
    return cast("BinaryIO", opener(source) if opener else source.open("rb"))


class _Headers:
    """What `tarfile` sees of a stream: never much at once, as it believes every size it is told."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _MOST_HEADER:
            raise ValueError("a member's header is too long")
        return self._stream.read(size)
