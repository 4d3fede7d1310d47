"""Claim B as two questions: is explicit regularization necessary to generalize, or sufficient?

The rule that answers them is that of the claim, views/claim_b.sql: a case that supports the claim
answers no, and one that contradicts it perhaps.
"""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column, Record
from gensweep.analysis.tables.labels import (
    GROUP_BY,
    SETTINGS_IN_ORDER,
    add_settings_label,
    with_interval,
)
from gensweep.analysis.tables.shared_columns import DATASET, MODEL, REGULARIZER, SEEDS, SETTINGS
from gensweep.analysis.tables.table import Table

_QUERY = f"""
from (
    select
        setting_id, replace(part, 'not ', '') as question, n as seeds, fits as fitted,
        value as error, interval as error_interval, threshold as limit,
        case outcome when 'supports' then 'no' when 'contradicts' then 'perhaps' else 'open' end
            as answer
    from claim_b
)
join settings using (setting_id)
order by question, {SETTINGS_IN_ORDER}
"""
_SQL = "from claim_b order by part, model, data"
NEEDS = "from claim_b"

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
    return Table.of(
        "regularization_necessity",
        records,
        _COLUMNS,
        title="Is explicit regularization necessary to generalize? Is it sufficient?",
        layout=_LAYOUT,
        notes=[
            "necessary: no, if the test error on true labels without any is at most the limit",
            "sufficient: no, if the training error on random labels with one is at most the limit",
            "both as most seeds have it; open: no majority, or not trained long enough to tell",
        ],
        sql=_SQL,
    )
