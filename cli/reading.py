"""Opening results for the commands that only read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from analysis.database import Database


@contextmanager
def opened(results: str, sweep: str | None = None) -> Iterator[Database]:
    """The results, with a warning on stderr for every file that is damaged."""
    with Database(results, sweep) as db:
        for file in db.damaged:
            print(f"gensweep: warning: left out, cannot be read: {file}", file=sys.stderr)  # noqa: T201
        yield db
