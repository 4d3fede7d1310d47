"""What came of the settings that two sweeps share, side by side."""

from __future__ import annotations

from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.diff.members import LIKE, MEMBERS, ORDER, asked, named
from gensweep.analysis.tables.labels import (
    SETTINGS,
    dataset_labels,
    model_label,
    randomization_label,
    setting_text,
    with_interval,
)
from gensweep.analysis.tables.table import Table, without_empty

_FIGURES = {
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
with figures as (
    select side, $like, {", ".join(f"{sql} as {c}" for c, sql in _FIGURES.items())}
    from ({MEMBERS}) join draws using (trial_id)
    where status in ('done', 'diverged') group by all
)
select $like, {", ".join(f"a.{c} as a_{c}, b.{c} as b_{c}" for c in _FIGURES)},
    b.test_error - a.test_error as test_error_difference
from (from figures where side = 'a') a full join (from figures where side = 'b') b using ($like)
order by {ORDER}, $like
"""
# Settings that trials of one sweep differ in though all else is alike; never averaged over.
_TELLING = f"""
select {", ".join(f"max({c}) > 1 as {c}" for c in SETTINGS)}
from (
    select {", ".join(f"count(distinct {c}) as {c}" for c in SETTINGS)}
    from ({MEMBERS}) join classifiers using (trial_id) group by side, {", ".join(LIKE)}
)
"""


def outcome_table(db: Database, a: str, b: str) -> Table:
    """A row per setting: what trials of a sweep have in common but for their seeds.

    Of those that have ended, all count as fitted or not; errors are means over those that are done.
    """
    telling = [c for c, tells in db.table(named(_TELLING, a, b)).records()[0].items() if tells]
    like = ", ".join((*LIKE, *telling))
    return asked(db, _OUTCOME.replace("$like", like), "outcome", a, b)


def for_people(table: Table, a: str, b: str) -> Table:
    """Epochs to fit and test errors, in words."""
    records = table.records()
    telling = table.columns[len(LIKE) : table.columns.index("a_trials")]
    rows = [
        [
            dataset,
            model_label(r["model"], r["batch_norm"]),
            randomization_label(r["randomization"], r["corruption"]),
            r["regularizer"],
            ", ".join(f"{s} {setting_text(r[s])}" for s in telling),
            *(_epochs(r, side) for side in "ab"),
            *(with_interval(r[f"{side}_test_error"], None, 100) for side in "ab"),
            with_interval(r["test_error_difference"], None, 100),
        ]
        for r, dataset in zip(records, dataset_labels(records), strict=True)
    ]
    columns = ["dataset", "model", "data", "regularizer", "settings", "fit A", "fit B"]
    columns += ["test % A", "test % B", "B − A"]
    return Table(
        "outcome",
        *without_empty(columns, rows, ("dataset", "settings")),
        title="Outcome: epochs to training error 0, and test error at the end",
        show=dict.fromkeys(columns[5:], str),
        notes=[f"A is {a}, B is {b}; means over seeds, or how many of them reached error 0"],
        sql=table.sql,
    )


def _epochs(record: dict[str, Any], side: str) -> str:
    if record[f"{side}_trials"] is None:
        return "–"
    if record[f"{side}_fit_epoch"] is not None:
        return f"{record[f'{side}_fit_epoch']:.4g}"
    return f"{record[f'{side}_fitted']} of {record[f'{side}_trials']}"
