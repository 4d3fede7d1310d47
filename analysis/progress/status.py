"""How far the sweeps of a results folder are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import randomization_label, settings_label, with_interval
from gensweep.analysis.tables.table import Table, without_empty
from gensweep.trainables.status import Status

COUNTS = ",\n    ".join(f"count(*) filter (status = '{s}') as {s}" for s in Status)

_SWEEPS = f"""
select
    sweep, count(*) as trials,
    {COUNTS},
    max(finished_at) as last_finished
from (select distinct sweep, trial_id from sweep_trials) join trials using (trial_id)
group by sweep order by sweep
"""

_RUNNING = """
select
    trial_id, trainable, config, model, randomization, corruption, regularizer, seed,
    epochs_run, epochs,
    final_train_error as train_error, final_test_error as test_error,
    wall_seconds as seconds, host, attempts
from trials where status = 'running' order by started_at
"""

TROUBLE = """
select
    trial_id, trainable, config, model, randomization, corruption, regularizer, seed,
    epochs, status, attempts,
    split_part(rtrim(error, chr(10)), chr(10), -1) as error
from trials where status in ('failed', 'diverged', 'interrupted')
order by status, finished_at, trial_id
"""


def status_tables(db: Database) -> list[Table]:
    """Trials per sweep and status, who is at work and where, the running trials, and those that
    went wrong."""
    sweeps, running, trouble = (
        db.table(query, name=name)
        for name, query in (("sweeps", _SWEEPS), ("running", _RUNNING), ("trouble", TROUBLE))
    )
    return [sweeps, _nodes(db), running, trouble]


def _nodes(db: Database) -> Table:
    """A row per launch and node; without nodes while Ray starts, or where none is needed."""
    running = Counter(row["host"] for row in db.table(_RUNNING).records())
    rows = []
    for lease, beat in db.leases():
        about = [lease.purpose, lease.owner.host, lease.owner.pid, lease.since]
        for node in beat.nodes or [{}]:
            host = node.get("host")
            rows.append([*about, host, node.get("workers"), running.get(host, 0) if host else None])
    columns = ["purpose", "host", "pid", "since", "node", "workers", "running"]
    return Table("nodes", columns, rows)


def for_people(tables: Sequence[Table]) -> list[Table]:
    """What a terminal has room for: only statuses that trials have, and lists that have rows."""
    sweeps, nodes, running, trouble = tables
    absent = [status for status in Status if status != Status.DONE]
    columns, rows = without_empty(sweeps.columns, sweeps.rows, absent)
    nodes = Table("nodes", nodes.columns, nodes.rows, title="At work")
    lists = [nodes, _running(running), _trouble(trouble)]
    return [Table("sweeps", columns, rows, title="Sweeps"), *(t for t in lists if t.rows)]


def _running(table: Table) -> Table:
    rows = [
        [
            *_trial(r),
            f"{r['epochs_run']}/{r['epochs']}" if r["epochs"] else "–",
            with_interval(r["train_error"], None, 100),
            with_interval(r["test_error"], None, 100),
            r["host"],
        ]
        for r in table.records()
    ]
    figures = ["epoch", "train %", "test %"]
    return Table(
        "running", [*_TRIAL, *figures, "host"], rows, "Running", show=dict.fromkeys(figures, str)
    )


def _trouble(table: Table) -> Table:
    rows = [[*_trial(r), r["status"], r["error"]] for r in table.records()]
    return Table("trouble", [*_TRIAL, "status", "error"], rows, "Went wrong")


_TRIAL = ("trial_id", "model", "data", "regularizer", "seed")


def _trial(record: dict[str, Any]) -> list[Any]:
    if record["epochs"] is None:
        settings = settings_label(record["config"])
        return [record["trial_id"], record["trainable"], settings, "–", record["seed"]]
    data = randomization_label(record["randomization"], record["corruption"])
    return [record["trial_id"], record["model"], data, record["regularizer"], record["seed"]]
