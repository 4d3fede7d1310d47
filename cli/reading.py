"""Opening results for the commands that only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.running import Limits
from gensweep.cli.exits import warn


@contextmanager
def opened(
    results: str, sweep: str | None = None, limits: Limits | None = None
) -> Iterator[Database]:
    """The results, with a warning on stderr for every file that is damaged."""
    with Database(results, sweep, limits) as db:
        warn(db.damaged)
        yield db
