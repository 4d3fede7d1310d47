"""Files in an object store, with the interface of pathlib's paths."""

from __future__ import annotations

import dataclasses
import errno
import fnmatch
import hashlib
import io
import mmap
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote

import pyarrow as pa

from gensweep.orchestrator.aside import interruptible, uninterrupted
from gensweep.orchestrator.store.s3 import explaining, file_system, headers, is_md5

_SMALL = 1 << 20  # bytes
_TRIES = 20


class BucketStat(NamedTuple):
    """Like the result of os.stat. `st_ino` changes with the content, as it does for a replaced
    file.
    """

    st_size: int
    st_mtime_ns: int  # S3 counts whole seconds
    st_ino: int
    st_mode: int = stat.S_IFREG

    @property
    def st_mtime(self) -> float:
        return self.st_mtime_ns / 1e9


@dataclass(frozen=True, order=True, repr=False)
class BucketPath:
    """An object, or the folder of all objects whose keys start with this one.

    Methods mean the same as pathlib's and raise the same subclasses of OSError. But folders are
    never created: a folder exists while it contains an object, and is otherwise empty.
    """

    scheme: str
    bucket: str
    key: str  # "" is the bucket itself
    options: str = ""
    _credentials: str = field(default="", compare=False)

    def __str__(self) -> str:
        """The URI, as `locate` reads it, without credentials."""
        return self._uri("")

    def __repr__(self) -> str:
        return f"BucketPath({str(self)!r})"

    def _uri(self, credentials: str) -> str:
        key = "/" + quote(self.key, safe="/=+@:,") if self.key else ""
        options = f"?{self.options}" if self.options else ""
        return f"{self.scheme}://{credentials}{self.bucket}{key}{options}"

    def as_uri(self) -> str:
        return str(self)

    def absolute(self) -> BucketPath:
        return self

    def __truediv__(self, inner: str) -> BucketPath:
        return dataclasses.replace(self, key=as_key(f"{self.key}/{inner}"))

    @property
    def name(self) -> str:
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        return PurePosixPath(self.key).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.key).suffix

    @property
    def parent(self) -> BucketPath:
        return dataclasses.replace(self, key=self.key.rpartition("/")[0])

    def with_name(self, name: str) -> BucketPath:
        return self.parent / name

    def exists(self) -> bool:
        return self._kind() != "NotFound"

    def is_file(self) -> bool:
        return self._kind() == "File"

    def is_dir(self) -> bool:
        return self._kind() == "Directory"

    @interruptible
    def _kind(self) -> str:
        with explaining(str(self)):
            return str(self._files.get_file_info(self.address).type.name)

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: folders need not be created."""

    def scan(self) -> Iterator[tuple[BucketPath, bool]]:
        """The entries of the folder, and whether each is a folder."""
        from pyarrow.fs import FileSelector, FileType

        select = FileSelector(self.address, allow_not_found=True)
        with explaining(str(self)):
            found = interruptible(lambda: self._files.get_file_info(select))()
        for info in found:
            if info.base_name in (".", ".."):  # which a key may have, and no path
                continue
            yield self / info.base_name, info.type == FileType.Directory

    def iterdir(self) -> Iterator[BucketPath]:
        return (path for path, _ in self.scan())

    def glob(self, pattern: str) -> Iterator[BucketPath]:
        """Supports patterns of one level only."""
        if "/" in pattern or "**" in pattern:
            raise NotImplementedError(f"more than one level in {pattern!r}")
        return (path for path in self.iterdir() if fnmatch.fnmatchcase(path.name, pattern))

    @interruptible
    def stat(self) -> BucketStat:
        """Raises FileNotFoundError for a folder."""
        with explaining(str(self)), self._files.open_input_file(self.address) as file:
            said = headers(file)
            modified = datetime.fromisoformat(said["last-modified"])
            version = hashlib.sha256(said["etag"].encode()).digest()
            nanoseconds = int(modified.timestamp()) * 10**9
            return BucketStat(file.size(), nanoseconds, int.from_bytes(version[:8]))

    @interruptible
    def read_bytes(self, most: int | None = None) -> bytes:
        """Raises OSError for an object of more than `most` bytes."""
        with explaining(str(self)):
            file = self._files.open_input_file(self.address)
            if most is not None and file.size() > most:
                raise OSError(errno.EFBIG, f"{file.size():,} bytes, more than {most:,}", str(self))
            return self._read(file)

    def read_text(self, encoding: str = "utf-8") -> str:
        return self.read_bytes().decode(encoding)

    @interruptible
    def open(self, mode: str = "rb") -> pa.NativeFile:
        """Open for random access, which Parquet needs.

        A small object is read at once and is consistent, like a file on a disk. Each read of a
        large object sees its current content, so it must not be replaced meanwhile.
        """
        if mode != "rb":
            raise ValueError(f"mode {mode!r}: an object is opened to be read; `upload` writes")
        with explaining(str(self)):
            file = self._files.open_input_file(self.address)
            return file if file.size() > _SMALL else pa.BufferReader(self._read(file))

    def _read(self, file: pa.NativeFile) -> bytes:
        """The whole content of a newly opened object, consistent even if it is replaced."""
        for _ in range(_TRIES):
            # Opening fetches the size, and reading fetches that many bytes, which truncates an
            # object that a longer one has replaced in between.
            with file:
                tag, content = headers(file)["etag"], bytes(file.read())
            if is_md5(tag, content):
                return content
            file = self._files.open_input_file(self.address)
            if headers(file)["etag"] == tag:
                return content
        raise OSError(errno.EBUSY, "is replaced faster than it can be read", str(self))

    def write_bytes(self, content: bytes) -> int:
        """Replace the content at once: a reader sees the old object or the new one."""
        self._put(content)
        return len(content)

    def _put(self, content: bytes | mmap.mmap) -> None:
        def put() -> None:
            with self._files.open_output_stream(self.address) as stream:
                stream.write(content)

        # A stream that is dropped publishes what it has received so far. So another thread writes
        # it: signals, such as Ctrl-C, only interrupt the main thread. Its end is waited for, so
        # that it cannot come after the next write.
        with explaining(str(self)):
            uninterrupted(put)

    @interruptible
    def unlink(self, missing_ok: bool = False) -> None:
        try:
            with explaining(str(self)):
                self._files.delete_file(self.address)
        except FileNotFoundError:
            if not missing_ok:
                raise

    @interruptible
    def replace(self, target: BucketPath) -> BucketPath:
        """Copy, then delete: a crash in between leaves both."""
        with explaining(str(self)):
            self._files.copy_file(self.address, target.address)
        self.unlink(missing_ok=True)
        return target

    rename = replace

    @property
    def address(self) -> str:
        """Bucket and key, in pyarrow's notation."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    @property
    def _files(self) -> Any:
        variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
        endpoint = next((os.environ[name] for name in variables if os.environ.get(name)), "")
        return file_system(self.bucket, self.options, self._credentials, endpoint)


def as_key(text: str) -> str:
    steps = [step for step in text.split("/") if step not in ("", ".")]
    if ".." in steps:  # servers treat it differently
        raise ValueError("there is no .. in a bucket")
    return "/".join(steps)


@contextmanager
def upload(path: BucketPath) -> Iterator[BinaryIO]:
    """A file to write, which becomes the object when the block ends without an error."""
    # The file is on the local disk first, because pyarrow cannot abort an upload: closing a stream
    # publishes it, and so does dropping it.
    with tempfile.TemporaryFile() as file:
        yield file
        file.flush()
        size = file.seek(0, io.SEEK_END)
        path._put(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")
