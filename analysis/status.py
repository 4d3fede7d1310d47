"""How far the sweeps of a results folder are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.database import Database
from analysis.labels import in_words, percent
from analysis.tables import Table, without_empty

STATUSES = ("planned", "running", "done", "diverged", "failed", "interrupted")

_SWEEPS = f"""
select
    sweep, count(*) as trials,
    {", ".join(f"count(*) filter (status = '{s}') as {s}" for s in STATUSES)},
    max(finished_at) as last_finished
from (select distinct sweep, trial_id from sweep_trials) join trials using (trial_id)
group by sweep order by sweep
"""

_RUNNING = """
select
    trial_id, model, randomization, corruption, regularizer, seed, epochs, max_epochs,
    final_train_error as train_error, final_test_error as test_error,
    wall_seconds as seconds, host, attempts
from trials where status = 'running' order by started_at
"""

_TROUBLE = """
select
    trial_id, model, randomization, corruption, regularizer, seed, status, attempts,
    split_part(rtrim(error, chr(10)), chr(10), -1) as error
from trials where status in ('failed', 'diverged', 'interrupted') order by status, finished_at
"""


def status_tables(db: Database) -> list[Table]:
    """Trials per sweep and status, the running trials, and those that went wrong."""
    sweeps, running, trouble = (
        db.table(query, name=name)
        for name, query in (("sweeps", _SWEEPS), ("running", _RUNNING), ("trouble", _TROUBLE))
    )
    names = {"randomization": in_words}
    errors = {"train_error": percent, "test_error": percent, "seconds": lambda s: f"{s:.0f}"}
    return [
        Table("sweeps", sweeps.columns, sweeps.rows, title="Sweeps"),
        Table("running", running.columns, running.rows, title="Running", show=errors | names),
        Table("trouble", trouble.columns, trouble.rows, title="Went wrong", show=names),
    ]


def for_people(tables: Sequence[Table]) -> list[Table]:
    """The same without statuses that no trial has, and without tables that have no rows."""
    sweeps, *lists = tables
    absent = [status for status in STATUSES if status != "done"]
    columns, rows = without_empty(sweeps.columns, sweeps.rows, absent)
    return [replace(sweeps, columns=columns, rows=rows), *(t for t in lists if t.rows)]
