"""Two trials, or two sweeps, side by side."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.diff.sweeps import sweep_tables
from gensweep.analysis.diff.trials import trial_tables
from gensweep.analysis.progress.trial import find_trial
from gensweep.analysis.tables.table import Table


def diff_tables(db: Database, a: str, b: str, people: bool) -> list[Table]:
    """What differs between `a` and `b`: ids of trials, or their beginnings, or names of sweeps.

    people: numbers written out, and the learning curves as a plot; otherwise bare values.
    Raises QueryError unless each names one thing, and both the same kind of thing.
    """
    kinds = {name: _kind(db, name) for name in (a, b)}
    if kinds[a] != kinds[b]:
        what = f"is a {kinds[a]}, and {b} is a {kinds[b]}"
        raise QueryError(a, what, "two trials, or two sweeps")
    if kinds[a] == "sweep":
        return sweep_tables(db, a, b, people)
    return trial_tables(db, find_trial(db, a), find_trial(db, b), people)


def _kind(db: Database, name: str) -> str:
    sweep = db.table("from sweep_trials where sweep = ? limit 1", [name]).rows
    trial = db.table("from trials where starts_with(trial_id, ?) limit 1", [name.lower()]).rows
    if sweep and trial and name:
        todo = "more of the trial's id, or another results folder"
        raise QueryError(name, "is a sweep, and the start of a trial's id", todo=todo)
    if not name or not (sweep or trial):
        todo = 'see `gensweep status` for the sweeps, and `gensweep query "from trials"`'
        raise QueryError(name or "''", "is neither a sweep nor a trial in these results", todo=todo)
    return "sweep" if sweep else "trial"
