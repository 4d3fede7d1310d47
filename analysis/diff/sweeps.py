"""Two sweeps side by side: their trials, their axes, what came of them, and their curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.diff.curves import curves_plot
from gensweep.analysis.diff.members import MEMBERS, asked, named
from gensweep.analysis.diff.outcome import outcome_table
from gensweep.analysis.questions.trouble import TRIAL_COLUMNS, with_settings
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.labels import GROUP_BY, GROUPS_IN_ORDER
from gensweep.analysis.tables.table import Table
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.fields import text

_MOST = 20  # trials of one sweep alone, for a person
_SIDES = {"a": "only in {a}", "b": "only in {b}", "both": "in both"}
_AXES = ("regularizer", *ClassifierTrial.fields())
_TRIALS = f"""
select trial_id, side, {", ".join((*GROUP_BY, "seed", "status", "trainable", "epochs", "config"))}
from (
    select trial_id, case count(*) when 2 then 'both' else any_value(side) end as side
    from ({MEMBERS}) group by trial_id
) join trials using (trial_id)
order by side, {GROUPS_IN_ORDER}, seed
"""
_VALUES = f"""
select {", ".join(f"list(distinct {c} order by {c}) as {c}" for c in _AXES)}
from ({MEMBERS}) join classifiers using (trial_id) where side = $side
"""
# As far as every trial of a side ran, so that each point is the mean of the same trials.
_CURVES = f"""
with ended as (
    select side, trial_id, min(epochs_run) over (partition by side) as common
    from ({MEMBERS}) join classifiers using (trial_id) where status = 'done'
)
select side, epoch, avg(train_error) as train_error, avg(test_error) as test_error
from epochs join ended using (trial_id) where epoch <= common
group by all order by all
"""
_NOTE = "means over the trials that are done, as far as all of them ran"


def sweep_tables(db: Database, a: str, b: str, people: bool) -> list[Table]:
    """Tables `trials`, `axes` (those with other values), `outcome` and `curves`."""
    trials = asked(db, _TRIALS, "trials", a, b)
    axes = _axes_table(db, a, b)
    outcome = outcome_table(db, a, b)
    curves = asked(db, _CURVES, "curves", a, b)
    if not people:
        return [trials, axes, outcome, curves]
    plot = curves_plot(curves, (a, b), _NOTE)
    return [_counts(trials, a, b), *_only(db, trials, a, b), axes, outcome, *plot]


def _axes_table(db: Database, a: str, b: str) -> Table:
    rows = _axes(db, a, b)
    return Table(
        "axes",
        ["axis", "a", "b"],
        rows,
        title="Axes that differ",
        layout=[Column("axis"), Column(a, "a", _listed), Column(b, "b", _listed)],
        notes=[] if rows else ["no axis differs"],
    )


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(text, values))


def _axes(db: Database, a: str, b: str) -> list[list[Any]]:
    sides = [
        db.table(named(_VALUES.replace("$side", f"'{side}'"), a, b)).records()[0] for side in "ab"
    ]
    return [[axis, *(s[axis] for s in sides)] for axis in _AXES if sides[0][axis] != sides[1][axis]]


def _counts(trials: Table, a: str, b: str) -> Table:
    every = Counter(r["side"] for r in trials.records())
    done = Counter(r["side"] for r in trials.records() if r["status"] == "done")
    rows = [[text.format(a=a, b=b), every[s], done[s]] for s, text in _SIDES.items()]
    return Table("trials", ["", "trials", "done"], rows, title="Trials")


_ONLY = (*TRIAL_COLUMNS, Column("status", unbroken=True))


def _only(db: Database, trials: Table, a: str, b: str) -> list[Table]:
    tables = []
    for side in "ab":
        rows = [row for row in trials.rows if row[trials.columns.index("side")] == side]
        more = [f"and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
        title = _SIDES[side].format(a=a, b=b).capitalize()
        if rows:
            own = Table(f"only_{side}", trials.columns, rows[:_MOST], title, _ONLY, notes=more)
            tables.append(with_settings(db, own))
    return tables
