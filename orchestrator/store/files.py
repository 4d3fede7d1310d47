"""Writing a file so that it is there whole or not at all."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.store.errors import StoreError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` when the block ends without an error.

    It has a temporary name until then, and is flushed to disk before it is renamed. Raises
    StoreError where it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):  # gone already, or as unreachable as the file
            temporary.unlink()
        if isinstance(error, OSError):
            raise not_writable(path, error) from error
        raise


def publish(path: Path, content: bytes) -> None:
    """Write a whole file at once. Raises StoreError where it cannot."""
    with replacing(path) as file:
        file.write(content)


def publish_json(path: Path, content: Any) -> None:
    publish(path, (json.dumps(content, indent=1) + "\n").encode())


def publish_table(path: Path, table: pa.Table) -> None:
    """Write a small table as one Parquet file, plainly: a third of the time to write and read."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="none", use_dictionary=False, write_statistics=False)
    publish(path, sink.getvalue().to_pybytes())


def not_writable(path: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(str(path), f"cannot be written ({reason})", todo="choose another --results")
