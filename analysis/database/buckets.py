"""What DuckDB gets to see of a bucket: the results, to read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
from fsspec import AbstractFileSystem  # type: ignore[import-untyped]

from gensweep.orchestrator.store.bucket import BucketPath
from gensweep.orchestrator.store.location import OPTIONS


def let_in(connection: duckdb.DuckDBPyConnection, root: BucketPath) -> None:
    """Let DuckDB read what is under `root`, with no extension of its own."""
    connection.register_filesystem(Results(root))


class Results(AbstractFileSystem):  # type: ignore[misc]
    """A file system that holds the objects under one prefix and can neither write nor leave it.

    DuckDB's allowed_directories does not suffice: it takes s3://BUCKET/PREFIX/../OTHER for a place
    under s3://BUCKET/PREFIX. Each object is opened once, so that all queries of a connection see
    it of one moment, and so that not every query asks for its size again.
    """

    protocol = tuple(OPTIONS)
    cachable = False  # fsspec would keep each for ever

    def __init__(self, root: BucketPath) -> None:
        super().__init__()
        self._root = root
        self._files: dict[BucketPath, pa.NativeFile] = {}

    def _find(self, name: str) -> BucketPath:
        """Raises PermissionError unless it is under the root."""
        root, found = f"{self._root.address}/", f"{self._strip_protocol(name)}/"
        if not found.startswith(root) or ".." in found.split("/"):
            raise PermissionError(f"{name} is not among the results")
        return self._root / found.removeprefix(root)

    def _file(self, name: str) -> pa.NativeFile:
        path = self._find(name)
        if path not in self._files:
            self._files.setdefault(path, path.open("rb"))
        return self._files[path]

    def unstrip_protocol(self, name: str) -> str:
        return f"{self._root.scheme}://{self._strip_protocol(name)}"

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        found = self._find(path)
        try:
            return {"name": found.address, "size": self._file(path).size(), "type": "file"}
        except FileNotFoundError:
            if not found.is_dir():
                raise
            return {"name": found.address, "size": 0, "type": "directory"}

    def exists(self, path: str, **kwargs: Any) -> bool:
        """Raises what else goes wrong, where fsspec would take it for a no."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def glob(self, path: str, **kwargs: Any) -> Any:
        """As DuckDB does elsewhere: first of all a name, and otherwise a pattern."""
        return [self._strip_protocol(path)] if self.exists(path) else super().glob(path, **kwargs)

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:
        found = [
            {"name": inner.address, "size": None, "type": "directory" if folder else "file"}
            for inner, folder in self._find(path).scan()
        ]
        return found if detail else [about["name"] for about in found]

    def modified(self, path: str) -> datetime:
        """Always the same, as nothing changes while the connection is open."""
        return datetime(2000, 1, 1, tzinfo=UTC)

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> _Reader:
        if mode != "rb":
            raise PermissionError("the results are there to be read")
        return _Reader(self._file(path))


class _Reader:
    """A position of its own in a file that others read too."""

    def __init__(self, file: pa.NativeFile) -> None:
        self._file, self._position = file, 0

    def seek(self, position: int) -> int:
        self._position = position
        return position

    def tell(self) -> int:
        return self._position

    def read(self, size: int) -> Any:
        content = self._file.read_at(size, self._position)
        self._position += len(content)
        return content

    def close(self) -> None:
        """The file stays open for the next one."""
