"""A file per view."""

from __future__ import annotations

from pathlib import Path

import duckdb

from gensweep.analysis.database.connection import Database
from gensweep.analysis.exports.copying import incoming


def write_csv(db: Database, folder: Path, target: Path) -> None:
    """With a line of names; NULL is empty, a text that is empty is quoted."""
    _write(db, folder, "csv", "format csv, header")


def write_parquet(db: Database, folder: Path, target: Path) -> None:
    _write(db, folder, "parquet", "format parquet, compression zstd")


def _write(db: Database, folder: Path, ending: str, options: str) -> None:
    with duckdb.connect() as writer:
        for view in incoming(db, writer):
            path = str(folder / f"{view}.{ending}").replace("'", "''")
            writer.execute(f"copy (from incoming) to '{path}' ({options})")
