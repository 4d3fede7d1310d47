"""How far the sweeps of a results folder are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.trouble import (
    TRIAL_COLUMNS,
    is_theory,
    trouble_table,
    with_settings,
)
from gensweep.analysis.tables.column import NOTHING, Column
from gensweep.analysis.tables.labels import in_percent
from gensweep.analysis.tables.table import Table
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
    trial_id, trainable, config, model, batch_norm, randomization, corruption, regularizer, seed,
    epochs_run, epochs,
    final_train_error as train_error, final_test_error as test_error,
    wall_seconds as seconds, host, attempts
from trials where status = 'running' order by started_at
"""

# A status that no trial has is left out.
SWEEP_COLUMNS = (
    Column("sweep", unbroken=True),
    Column("trials"),
    *(
        Column(status, keep="always" if status == Status.DONE else "filled", unbroken=True)
        for status in Status
    ),
)
_RUNNING_COLUMNS = (
    *TRIAL_COLUMNS,
    Column(
        "epoch",
        "epochs_run",
        cell=lambda r: NOTHING if is_theory(r) else f"{r['epochs_run']}/{r['epochs']}",
    ),
    Column("train %", "train_error", in_percent),
    Column("test %", "test_error", in_percent),
    Column("host"),
)


def status_tables(db: Database) -> list[Table]:
    """Trials per sweep and status, who is at work and where, the running trials, and those that
    went wrong."""
    sweeps, running = (
        replace(db.table(query, name=name), title=title, layout=layout)
        for name, title, query, layout in (
            ("sweeps", "Sweeps", _SWEEPS, (*SWEEP_COLUMNS, Column("last_finished"))),
            ("running", "Running", _RUNNING, _RUNNING_COLUMNS),
        )
    )
    return [sweeps, _nodes(db), with_settings(db, running), trouble_table(db)]


def that_say_something(tables: Sequence[Table]) -> list[Table]:
    """What a person reads of them: the sweeps, and the lists that have rows."""
    return [*tables[:1], *(table for table in tables[1:] if table.rows)]


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
    return Table("nodes", columns, rows, title="At work")
