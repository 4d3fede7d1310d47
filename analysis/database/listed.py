"""All that DuckDB gets to see of the results: the files that a snapshot lists, to be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from fsspec import AbstractFileSystem  # type: ignore[import-untyped]

from gensweep.orchestrator.store.files import each
from gensweep.orchestrator.store.location import Location


class Content(Protocol):
    """An open file that any number of readers share."""

    def size(self) -> int: ...

    def read_at(self, size: int, offset: int) -> bytes: ...


class Listed(AbstractFileSystem):  # type: ignore[misc]
    """A file system of files that were opened before, and that knows no other.

    A name is looked up in a list, and no path is ever resolved. So there is no way out of it,
    neither by `..` nor by links, which get past DuckDB's allowed_directories. Each file is opened
    once, so that all queries of a connection see it of one moment, even if it is replaced.
    """

    protocol = "results"
    cachable = False  # fsspec would keep each for ever

    def __init__(self, files: Mapping[str, Location]) -> None:
        """The files by their names. Raises OSError if one of them cannot be opened."""
        super().__init__()
        names = map(self._strip_protocol, files)
        contents = each(_opened, files.values())
        self._files: dict[str, Content] = dict(zip(names, contents, strict=True))

    def _find(self, name: str) -> Content:
        """Raises PermissionError unless it is listed."""
        found = self._files.get(self._strip_protocol(name))
        if found is None:
            raise PermissionError(f"{name} is not among the results")
        return found

    def unstrip_protocol(self, name: str) -> str:
        return f"{self.protocol}://{self._strip_protocol(name)}"

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        size = self._find(path).size()
        return {"name": self._strip_protocol(path), "size": size, "type": "file"}

    def exists(self, path: str, **kwargs: Any) -> bool:
        return self._strip_protocol(path) in self._files

    def glob(self, path: str, **kwargs: Any) -> list[str]:
        """Nothing is a pattern."""
        self._find(path)
        return [self._strip_protocol(path)]

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:
        raise PermissionError("the results cannot be listed")

    def modified(self, path: str) -> datetime:
        """Always the same, as nothing changes while the connection is open."""
        return datetime(2000, 1, 1, tzinfo=UTC)

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> _Reader:
        if mode != "rb":
            raise PermissionError("the results are there to be read")
        return _Reader(self._find(path))


class _Reader:
    """A position of its own in a file that others read too."""

    def __init__(self, file: Content) -> None:
        self._file, self._position = file, 0

    def seek(self, position: int) -> int:
        self._position = position
        return position

    def tell(self) -> int:
        return self._position

    def read(self, size: int) -> bytes:
        content = self._file.read_at(size, self._position)
        self._position += len(content)
        return content

    def close(self) -> None:
        """The file stays open for the next one."""


class _Handle:
    """A file on a disk, closed when nobody has it any more."""

    def __init__(self, path: Path) -> None:
        # A pipe without a writer must not hold up who opens it.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            raise PermissionError(f"{path} is not a file")

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def read_at(self, size: int, offset: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)


def _opened(path: Location) -> Content:
    content: Content = _Handle(path) if isinstance(path, Path) else path.open("rb")
    return content
