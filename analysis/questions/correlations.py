"""Which measure goes with the generalization gap? Rank correlations over trials."""

from __future__ import annotations

from dataclasses import replace

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import NOTHING, Column, Record
from gensweep.analysis.tables.labels import order_by
from gensweep.analysis.tables.shared_columns import DATASET
from gensweep.analysis.tables.table import Table
from gensweep.trainables.models import MODELS, model_label

_QUERY = f"""
from correlations
where spearman is not null
order by dataset, model <> 'all', {order_by("model", MODELS)}, model, batch_norm desc,
    abs(spearman) desc, measure
"""
NEEDS = "select 1 from measures having count(weight_norm) >= 5"  # as the view itself is slow


def _model(record: Record) -> str:
    if record["model"] == "all":
        return "all models"
    return model_label(record["model"], record["batch_norm"])


def _interval(record: Record) -> str:
    return NOTHING if record["low"] is None else f"{record['low']:+.2f} to {record['high']:+.2f}"


_LAYOUT = (
    DATASET,
    Column("model", _model, unbroken=True),
    Column("measure"),
    Column("trials"),
    Column("Spearman", "spearman", "{:+.2f}".format),
    Column("95 % interval", "low", cell=_interval),
)


def correlations_table(db: Database) -> Table:
    """Rank correlations of each measure with the generalization gap, over trials."""
    return replace(
        db.table(_QUERY, name="correlations"),
        title="Rank correlation of each measure with the generalization gap",
        layout=_LAYOUT,
        notes=[
            "over trials of every randomization, which differ in far more than the measure;",
            "the interval assumes independent trials; seeds of one setting are not",
        ],
        sql=_QUERY.strip(),
    )
