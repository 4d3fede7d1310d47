"""Tables 1, 2 and 4: what explicit regularizers change, pair by pair of trials."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.labels import (
    GROUP_BY,
    SETTINGS_IN_ORDER,
    add_settings_label,
    in_percent,
)
from gensweep.analysis.tables.shared_columns import SETTING, percent_column
from gensweep.analysis.tables.table import Table

_VALUES = ("train_error", "test_error", "gap")
_MEANS = ", ".join(
    f"avg({f}) as {f}, avg({f}_without) as {f}_without, avg({f}_difference) as {f}_difference, "
    f"half_width({f}_difference) as {f}_difference_interval"
    for f in _VALUES
)
_QUERY = f"""
with paired as (
    select setting_id, count(*) as pairs, {_MEANS}
    from regularization
    group by setting_id
)
select * from paired join settings using (setting_id) order by {SETTINGS_IN_ORDER}
"""
_SQL = "from regularization order by model, regularizer, randomization, corruption, seed"
NEEDS = "from regularization"

_COLUMNS = (
    *(*GROUP_BY, "settings", "pairs"),
    *(
        f"{f}{part}"
        for f in _VALUES
        for part in ("", "_without", "_difference", "_difference_interval")
    ),
)
_LAYOUT = (
    *SETTING,
    Column("n", "pairs"),
    Column("test %", "test_error", in_percent),
    percent_column("Δ test", "test_error_difference"),
    percent_column("Δ train", "train_error_difference"),
    percent_column("Δ gap", "gap_difference"),
)


def regularizers_table(db: Database) -> Table:
    """Per regularizer and setting: mean errors with and without it, and the mean of the
    differences by seed with its 95 % interval (Student's t over the pairs).
    """
    records = db.table(_QUERY).records()
    add_settings_label(records)
    return Table.of(
        "regularizers",
        records,
        _COLUMNS,
        title="Regularizers: error with one, minus that of the same trial without any",
        layout=_LAYOUT,
        notes=["mean over n pairs of equal seed ± 95 % interval; none with one pair"],
        sql=_SQL,
    )
