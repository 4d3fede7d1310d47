"""Where an export goes: it appears whole, and takes the place of nothing but another export."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gensweep.analysis.database.errors import ExportError

MARKER = ".gensweep-export"  # in folders, so that --force never empties one of something else


@contextmanager
def beside(target: Path, file: bool, force: bool) -> Iterator[Path]:
    """A path in the same file system, that becomes the target when the block has ended well."""
    _check(target, file, force)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=target.parent, prefix=f".{target.name}-", ignore_cleanup_errors=True
    ) as scratch:
        unfinished = Path(scratch, "new")
        if not file:
            unfinished.mkdir()
            (unfinished / MARKER).touch()
        yield unfinished
        if target.is_dir():
            os.replace(target, Path(scratch, "old"))
        os.replace(unfinished, target)


def _check(target: Path, file: bool, force: bool) -> None:
    where = f"export to {target}"
    if "://" in str(target) or str(target).startswith("s3:/"):
        raise ExportError(where, "is not on this machine", "a local file or folder")
    if not target.exists() or (not file and target.is_dir() and not any(target.iterdir())):
        return
    if file and target.is_dir():
        raise ExportError(where, "is a folder", "a file, such as results.duckdb")
    if not file and not (target / MARKER).exists():
        raise ExportError(where, "contains something other than an export", "a folder of its own")
    if not force:
        raise ExportError(where, "is there already", todo="--force replaces it")
