"""How the changed and the unchanged examples of corrupted training sets fare."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.labels import SETTINGS_IN_ORDER, add_settings_label, percent
from gensweep.analysis.tables.shared_columns import DATASET, MODEL, REGULARIZER, SEEDS, SETTINGS, P
from gensweep.analysis.tables.table import Table

_COLUMNS = (
    *("dataset", "model", "batch_norm", "regularizer", "corruption", "settings", "seeds"),
    *("clean_train_error", "corrupted_train_error", "memorized_fraction", "recovered_fraction"),
    "test_error",
)
_LAYOUT = (
    *(DATASET, MODEL, REGULARIZER, SETTINGS, P, SEEDS),
    Column("clean error", "clean_train_error", percent),
    Column("memorized", "memorized_fraction", percent),
    Column("recovered", "recovered_fraction", percent),
)
_SQL = f"""
select {", ".join(c for c in _COLUMNS if c != "settings")}
from corruption where memorized_fraction is not null order by model, regularizer, corruption
"""
NEEDS = "from corruption where memorized_fraction is not null"
_QUERY = f"""
from (
    select * replace ('partial_labels' as randomization) from corruption
    where memorized_fraction is not null
)
order by {SETTINGS_IN_ORDER}
"""


def clean_vs_corrupted_table(db: Database) -> Table:
    """The means over seeds of the view `corruption`, where labels were changed."""
    records = db.table(_QUERY).records()
    add_settings_label(records)
    return Table.of(
        "clean_vs_corrupted",
        records,
        _COLUMNS,
        title="Changed and unchanged examples at the end of training",
        layout=_LAYOUT,
        notes=[
            "clean error: the error on unchanged examples",
            "memorized, recovered: changed examples given their wrong label, their true one",
        ],
        sql=_SQL,
    )
