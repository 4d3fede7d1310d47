"""What came of the settings that two sweeps share, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gensweep.analysis.database.connection import Database
from gensweep.analysis.diff.members import MEMBERS, asked, named
from gensweep.analysis.tables.column import NOTHING, Column, Record
from gensweep.analysis.tables.labels import GROUP_BY, GROUPS_IN_ORDER, SETTINGS, in_percent
from gensweep.analysis.tables.shared_columns import DATA, DATASET, MODEL, REGULARIZER
from gensweep.analysis.tables.table import Table
from gensweep.trainables.fields import text

_VALUES = {
    "trials": "count(*)",
    "fitted": "count(fit_epoch)",
    # A time that was not reached is never averaged.
    "fit_epoch": "case when count(fit_epoch) = count(*) then avg(fit_epoch) end",
    "train_error": "avg(final_train_error) filter (status = 'done')",
    "test_error": "avg(final_test_error) filter (status = 'done')",
    "best_test_error": "avg(best_test_error) filter (status = 'done')",
    "seconds": "avg(wall_seconds) filter (status = 'done')",
}
_OUTCOME = f"""
with means as (
    select side, $group, {", ".join(f"{sql} as {c}" for c, sql in _VALUES.items())}
    from ({MEMBERS}) join draws using (trial_id)
    where status in ('done', 'diverged') group by all
)
select $group, {", ".join(f"a.{c} as a_{c}, b.{c} as b_{c}" for c in _VALUES)},
    b.test_error - a.test_error as test_error_difference
from (from means where side = 'a') a full join (from means where side = 'b') b using ($group)
order by {GROUPS_IN_ORDER}, $group
"""
# Settings that trials of one sweep differ in though they agree in all else; never averaged over.
_VARYING = f"""
select {", ".join(f"max({c}) > 1 as {c}" for c in SETTINGS)}
from (
    select {", ".join(f"count(distinct {c}) as {c}" for c in SETTINGS)}
    from ({MEMBERS}) join classifiers using (trial_id) group by side, {", ".join(GROUP_BY)}
)
"""


def outcome_table(db: Database, a: str, b: str) -> Table:
    """A row per setting: what trials of a sweep have in common but for their seeds.

    Of those that have ended, all count as fitted or not; errors are means over those that are done.
    """
    varying = [c for c, varies in db.table(named(_VARYING, a, b)).records()[0].items() if varies]
    group_by = ", ".join((*GROUP_BY, *varying))
    found = asked(db, _OUTCOME.replace("$group", group_by), "outcome", a, b)
    return replace(
        found,
        title="Outcome: epochs to training error 0, and test error at the end",
        layout=_layout(varying),
        notes=[f"A is {a}, B is {b}; means over seeds, or how many of them reached error 0"],
    )


def _layout(varying: Sequence[str]) -> list[Column]:
    def settings(record: Record) -> str:
        return ", ".join(f"{name} {text(record[name])}" for name in varying)

    return [
        *(DATASET, MODEL, DATA, REGULARIZER),
        Column("settings", settings, keep="filled"),
        Column("fit A", "a_fit_epoch", cell=lambda r: _epochs(r, "a")),
        Column("fit B", "b_fit_epoch", cell=lambda r: _epochs(r, "b")),
        Column("test % A", "a_test_error", in_percent),
        Column("test % B", "b_test_error", in_percent),
        Column("B − A", "test_error_difference", in_percent),
    ]


def _epochs(record: Record, side: str) -> str:
    if record[f"{side}_trials"] is None:
        return NOTHING
    if record[f"{side}_fit_epoch"] is not None:
        return f"{record[f'{side}_fit_epoch']:.4g}"
    return f"{record[f'{side}_fitted']} of {record[f'{side}_trials']}"
