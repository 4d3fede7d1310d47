"""gensweep for notebooks: `import gensweep; gensweep.connect("results").sql("from trials")`."""

from __future__ import annotations

from pathlib import Path

from analysis.database import Database
from trainables.errors import GensweepError

__all__ = ["Database", "GensweepError", "connect"]


def connect(results: str | Path = "results", sweep: str | None = None) -> Database:
    """Open a results folder, or `s3://BUCKET/PREFIX`, read-only: all trials, or those of a sweep.

    Raises GensweepError if there are no results, or no such sweep.
    """
    return Database(results, sweep)
