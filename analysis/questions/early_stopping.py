"""Figures 1a, 2a and 2b in numbers: where trials end, and where stopping early would have."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column, Record
from gensweep.analysis.tables.labels import GROUP_BY, SETTINGS_IN_ORDER, add_settings_label
from gensweep.analysis.tables.shared_columns import SEEDS, SETTING, percent_column
from gensweep.analysis.tables.table import Table
from gensweep.trainables.fields import text

_QUERY = f"""
with stopped as (
    select
        setting_id,
        count(*) as seeds,
        median(epochs_run) as epochs_run,
        avg(final_test_error) as final_test_error,
        half_width(final_test_error) as final_test_error_interval,
        avg(best_test_error) as best_test_error,
        half_width(best_test_error) as best_test_error_interval,
        median(best_test_epoch) as best_test_epoch,
        avg(gain) as gain,
        half_width(gain) as gain_interval
    from early_stopping
    group by setting_id
)
select * from stopped join settings using (setting_id) order by {SETTINGS_IN_ORDER}
"""
_SQL = "from early_stopping order by model, regularizer, randomization, corruption, seed"
NEEDS = "from early_stopping"

_COLUMNS = (
    *(*GROUP_BY, "settings", "seeds", "epochs_run"),
    *("final_test_error", "final_test_error_interval"),
    *("best_test_error", "best_test_error_interval", "best_test_epoch"),
    *("gain", "gain_interval"),
)


def _epoch(record: Record) -> str:
    return f"{text(record['best_test_epoch'])} of {text(record['epochs_run'])}"


_LAYOUT = (
    *SETTING,
    SEEDS,
    percent_column("final %", "final_test_error"),
    percent_column("best %", "best_test_error"),
    Column("at epoch", "best_test_epoch", cell=_epoch),
    percent_column("gain", "gain"),
)


def early_stopping_table(db: Database) -> Table:
    """Per setting, over seeds that are done: the final and the best test error, and its epoch."""
    records = db.table(_QUERY).records()
    add_settings_label(records)
    return Table.of(
        "early_stopping",
        records,
        _COLUMNS,
        title="Early stopping: test error at the end, and at the best epoch",
        layout=_LAYOUT,
        notes=[
            "at epoch: the median over seeds of the best epoch",
            "gain: an upper bound, because the test set chose the epoch",
        ],
        sql=_SQL,
    )
