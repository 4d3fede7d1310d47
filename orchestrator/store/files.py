"""Writes files atomically: a file appears complete or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from gensweep.orchestrator.aside import NAME
from gensweep.orchestrator.store import inside
from gensweep.orchestrator.store.bucket import BucketPath
from gensweep.orchestrator.store.inside import not_readable, not_writable
from gensweep.orchestrator.store.location import Location

Result = TypeVar("Result")
JSON_BYTES = 4 << 20


@contextmanager
def replacing(
    root: Location,
    path: Location,
    durable: bool = True,
    check: Callable[[], None] = lambda: None,
) -> Iterator[BinaryIO]:
    """A file to write below `root`, which replaces `path` when the block ends without an error.

    Until then it has a temporary name; if `durable`, it is flushed to disk before it is renamed. An
    object appears when its upload is complete. `check` is called first, and also last, because
    flushing may take long; if it raises, nothing changes. Raises StoreError if the file cannot be
    written.
    """
    try:
        check()  # or a folder that was moved would be made anew
        with inside.replacing(root, path, durable, check) as file:
            yield file
    except OSError as error:
        raise not_writable(path, error) from error


def publish(
    root: Location,
    path: Location,
    content: bytes,
    durable: bool = True,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write a whole file at once. Raises StoreError if it cannot."""
    with replacing(root, path, durable, check) as file:
        file.write(content)


def publish_json(
    root: Location, path: Location, content: Any, check: Callable[[], None] = lambda: None
) -> None:
    publish(root, path, (json.dumps(content, indent=1) + "\n").encode(), check=check)


def publish_table(
    root: Location, path: Location, table: pa.Table, check: Callable[[], None] = lambda: None
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
    publish(root, path, sink.getvalue().to_pybytes(), check=check)


def read_table(root: Location, path: Location, columns: Sequence[str] | None = None) -> pa.Table:
    """A Parquet file's rows, with every page verified, and those of the columns that it has.

    Raises StoreError if it cannot be read.
    """
    try:
        with inside.opened(root, path) as source:
            return pq.ParquetFile(source, page_checksum_verification=True).read(columns)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise not_readable(path, error) from error


def read_json(root: Location, path: Location, most: int = JSON_BYTES) -> dict[str, Any]:
    """A small JSON object. Raises OSError, or ValueError for anything else."""
    try:
        content = json.loads(inside.read(root, path, most))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        if "sys.set_int_max_str_digits" in str(error):  # which nobody can call from outside
            raise ValueError("it has a number of thousands of digits") from None
        raise
    if not isinstance(content, dict):
        raise ValueError("no JSON object")
    return content


def each(work: Callable[[Location], Result], paths: Iterable[Location]) -> list[Result]:
    """The results of `work` for each file, in order.

    They are read in parallel, because a bucket is slow, and so may be a folder on a network. On a
    disk more threads would only wait for each other.
    """
    files = list(paths)
    bucket = any(isinstance(path, BucketPath) for path in files)
    pool = ThreadPoolExecutor(16 if bucket else 4, NAME)
    try:
        return list(pool.map(work, files))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
