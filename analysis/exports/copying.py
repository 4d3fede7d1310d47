"""Views of a database that nothing may write to, row by row into another that is ours."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database


def incoming(db: Database, into: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The name of each view, whose rows are to be had as `incoming` in the other database."""
    for view in VIEWS:
        into.register("incoming", db.sql(f"from {view}").to_arrow_reader(100_000))
        yield view
        into.unregister("incoming")
