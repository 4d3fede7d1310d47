"""Writes files atomically: a file appears complete or not at all."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from gensweep.orchestrator.store.bucket import BucketPath, upload
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.location import Location

Result = TypeVar("Result")


@contextmanager
def replacing(
    path: Location, durable: bool = True, check: Callable[[], None] = lambda: None
) -> Iterator[BinaryIO]:
    """A file to write, which replaces `path` when the block ends without an error.

    Until then it has a temporary name; if `durable`, it is flushed to disk before it is renamed. An
    object appears when its upload is complete. `check` is called first, and also last, because
    flushing may take long; if it raises, nothing changes. Raises StoreError if the file cannot be
    written.
    """
    if isinstance(path, BucketPath):
        try:
            with upload(path) as file:
                yield file
                check()
        except OSError as error:
            raise not_writable(path, error) from error
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        check()  # or a folder that was moved would be made anew
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        check()
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):  # already gone, or as unreachable as the file
            temporary.unlink()
        if isinstance(error, OSError):
            raise not_writable(path, error) from error
        raise


def publish(
    path: Location,
    content: bytes,
    durable: bool = True,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write a whole file at once. Raises StoreError if it cannot."""
    with replacing(path, durable, check) as file:
        file.write(content)


def publish_json(path: Location, content: Any, check: Callable[[], None] = lambda: None) -> None:
    publish(path, (json.dumps(content, indent=1) + "\n").encode(), check=check)


def publish_table(
    path: Location, table: pa.Table, check: Callable[[], None] = lambda: None
) -> None:
    """Write a small table as one plain Parquet file, which takes a third of the time to write and
    read.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="none",
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
    )
    publish(path, sink.getvalue().to_pybytes(), check=check)


def read_table(path: Location, columns: Sequence[str] | None = None) -> pa.Table:
    """A Parquet file's rows, with every page verified. Raises StoreError if it cannot be read."""
    try:
        with path.open("rb") as source:
            return pq.read_table(source, columns=columns, page_checksum_verification=True)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise not_readable(path, error) from error


def listing(folder: Location, pattern: str = "*") -> list[Location]:
    """The entries of a folder, by name; empty if there is no folder."""
    found: list[Location] = list(folder.glob(pattern))
    return sorted(found, key=lambda path: path.name)


def each(work: Callable[[Location], Result], paths: Iterable[Location]) -> list[Result]:
    """The results of `work` for each file, in order; run in parallel, because a bucket is slow."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(work, paths))


def not_readable(path: Location, error: Exception) -> StoreError:
    return StoreError(str(path), f"cannot be read ({error})")


def not_writable(path: Location, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(str(path), f"cannot be written ({reason})", todo="choose another --results")
