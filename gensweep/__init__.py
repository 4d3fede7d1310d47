"""gensweep for notebooks: `import gensweep; gensweep.connect("results").sql("from trials")`.

What a trial computes can be imported without a database, so nothing here loads one before it is
asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gensweep.trainables.errors import GensweepError

if TYPE_CHECKING:
    from gensweep.database import Database

__all__ = ["Database", "GensweepError", "connect"]


def connect(results: str | Path = "results", sweep: str | None = None) -> Database:
    """Open a results folder, or `s3://BUCKET/PREFIX`, read-only: all trials, or those of a sweep.

    Raises GensweepError if there are no results, or no such sweep.
    """
    from gensweep.database import Database

    return Database(results, sweep)


def __getattr__(name: str) -> Any:
    if name == "Database":
        from gensweep.database import Database

        return Database
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
