"""The views as files: one per view, or all as tables of one DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.trainables.shown import FORMULA

_HARMLESS = f"""
select case
    when regexp_matches(columns(*)::varchar, '^[{FORMULA}]')
        and try_cast(columns(*)::varchar as double) is null
    then '''' || columns(*)::varchar else columns(*)::varchar end
from incoming
"""


def write_csv(db: Database, folder: Path, target: Path) -> None:
    """With a line of names; NULL is empty, a text that is empty is quoted."""
    _write(db, folder, "csv", "format csv, header")


def write_safe_csv(db: Database, folder: Path, target: Path) -> None:
    """The same with an apostrophe before every text that a spreadsheet would run."""
    _write(db, folder, "csv", "format csv, header", _HARMLESS)


def write_parquet(db: Database, folder: Path, target: Path) -> None:
    _write(db, folder, "parquet", "format parquet, compression zstd")


def write_duckdb(db: Database, file: Path, target: Path) -> None:
    """A file that every DuckDB since 1.0 opens."""
    path = str(file.absolute()).replace("'", "''")
    with duckdb.connect() as writer:
        writer.execute(f"attach '{path}' as export (storage_version 'v1.0.0')")
        for view in _incoming(db, writer):
            writer.execute(f"create table export.{view} as from incoming")
        writer.execute("detach export")


def _write(
    db: Database, folder: Path, ending: str, options: str, rows: str = "from incoming"
) -> None:
    with duckdb.connect() as writer:
        for view in _incoming(db, writer):
            path = str(folder.absolute() / f"{view}.{ending}").replace("'", "''")
            writer.execute(f"copy ({rows}) to '{path}' ({options})")


def _incoming(db: Database, into: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The name of each view, whose rows can be had as `incoming` in the other database: nothing
    may write to that of the views."""
    for view in VIEWS:
        into.register("incoming", db.sql(f"from {view}").to_arrow_reader(100_000))
        yield view
        into.unregister("incoming")
