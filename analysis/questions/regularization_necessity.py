"""Claim B as two questions: is explicit regularization necessary to generalize, or sufficient?

Necessary?  No, where trials on true labels fit and generalize without any: the mean test error, or
            with two seeds or more the upper end of its 95 % interval, is at least 20 points below
            that of a guess.
Sufficient? No, where trials with one fit random labels all the same: training error at most 1 %
            at the end, which is what the paper's table 4 calls fitted.

What fitted and what was trained long enough is as in the verdict on the claim (views/rules.sql):
what was not says nothing of either question.
"""

from __future__ import annotations

from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column, Record
from gensweep.analysis.tables.labels import GROUP_BY, PAPER_ORDER, add_settings_label, with_interval
from gensweep.analysis.tables.shared_columns import DATASET, MODEL, REGULARIZER, SEEDS, SETTINGS
from gensweep.analysis.tables.table import Table

_WHERE = """status in ('done', 'diverged') and (
    regularizer = 'none' and randomization = 'true_labels'
    or regularizer <> 'none' and randomization = 'random_labels')"""
_QUERY = f"""
select
    *, n as seeds, fits as fitted,
    case when regularizer = 'none' then generalizes(dataset) else fit_error() end as limit,
from outcomes
where regularizer = 'none' and randomization = 'true_labels'
    or regularizer <> 'none' and randomization = 'random_labels'
order by regularizer <> 'none', {PAPER_ORDER}
"""
_SQL = f"""
select regularizer, randomization, dataset, model, seed, status,
    final_train_error, final_test_error
from classifiers where {_WHERE}
order by regularizer <> 'none', model, regularizer, seed
"""


_COLUMNS = (
    *("question", *GROUP_BY, "settings", "seeds", "fitted"),
    *("error", "error_interval", "limit", "answer"),
)


def _error(record: Record) -> str:
    kind = "test" if record["question"] == "necessary" else "train"
    return f"{kind} {with_interval(record['error'], record['error_interval'], 100)}"


_LAYOUT = (
    Column("question", text="{}?".format),
    *(DATASET, MODEL, REGULARIZER, SETTINGS, SEEDS),
    Column("error %", "error", cell=_error),
    Column("limit", text=lambda limit: f"{100 * limit:g}"),
    Column("answer"),
)


def regularization_necessity_table(db: Database) -> Table:
    """A row per setting that bears on either question, with the figure that decides it.

    error: the test error (necessary) or training error (sufficient), a mean over seeds.
    limit: what it is compared to.
    """
    records = db.table(_QUERY).records()
    add_settings_label(records)
    for record in records:
        record |= _necessary(record) if record["regularizer"] == "none" else _sufficient(record)
    return Table.of(
        "regularization_necessity",
        records,
        _COLUMNS,
        title="Is explicit regularization necessary to generalize? Is it sufficient?",
        layout=_LAYOUT,
        notes=[
            "necessary: no, if the test error on true labels without any is below the limit",
            "sufficient: no, if the training error on random labels with one is",
            "open: seeds disagree, or were not trained long enough to tell",
        ],
        sql=_SQL,
    )


def _necessary(record: dict[str, Any]) -> dict[str, Any]:
    limit = record["limit"]
    error, interval = record["test_error"], record["test_error_interval"]
    if record["diverged"] or 2 * record["fitted"] <= record["seeds"]:
        answer = "open"
    elif error + (interval or 0) <= limit:
        answer = "no"
    else:
        answer = "open" if error - (interval or 0) <= limit else "perhaps"
    return _decided("necessary", answer, error, interval, limit)


def _sufficient(record: dict[str, Any]) -> dict[str, Any]:
    """All seeds have to fit for a no: what holds back some of them may be the regularizer."""
    fitted, seeds = record["fitted"], record["seeds"]
    answer = "no" if fitted == seeds else "open" if fitted or not record["long"] else "perhaps"
    error, interval = record["train_error"], record["train_error_interval"]
    return _decided("sufficient", answer, error, interval, record["limit"])


def _decided(question: str, answer: str, error: Any, interval: Any, limit: Any) -> dict[str, Any]:
    keys = ("question", "answer", "error", "error_interval", "limit")
    return dict(zip(keys, (question, answer, error, interval, limit), strict=True))


def has_trials(db: Database) -> bool:
    return bool(db.table(f"select count(*) from classifiers where {_WHERE}").rows[0][0])
