"""A file that every DuckDB since 1.0 opens, with the views as tables."""

from __future__ import annotations

from pathlib import Path

import duckdb

from gensweep.analysis.database.connection import Database
from gensweep.analysis.exports.copying import incoming


def write(db: Database, file: Path, target: Path) -> None:
    path = str(file).replace("'", "''")
    with duckdb.connect() as writer:
        writer.execute(f"attach '{path}' as export (storage_version 'v1.0.0')")
        for view in incoming(db, writer):
            writer.execute(f"create table export.{view} as from incoming")
        writer.execute("detach export")
