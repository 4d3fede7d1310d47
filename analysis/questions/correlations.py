"""Which measure goes with the generalization gap? Rank correlations over trials."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import MODEL_ORDER, dataset_labels, model_label, order_by
from gensweep.analysis.tables.table import Table, without_empty

_QUERY = f"""
from correlations
where spearman is not null
order by dataset, model <> 'all', {order_by("model", MODEL_ORDER)}, model, batch_norm desc,
    abs(spearman) desc, measure
"""


def correlations_table(db: Database) -> Table:
    """Rank correlations of each measure with the generalization gap, over trials."""
    found = db.table(_QUERY)
    return Table("correlations", found.columns, found.rows, sql=_QUERY.strip())


def for_people(table: Table) -> Table:
    records = table.records()
    rows = [
        [
            dataset,
            "all models" if r["model"] == "all" else model_label(r["model"], r["batch_norm"]),
            r["measure"],
            r["trials"],
            f"{r['spearman']:+.2f}",
            "–" if r["low"] is None else f"{r['low']:+.2f} to {r['high']:+.2f}",
        ]
        for r, dataset in zip(records, dataset_labels(records), strict=True)
    ]
    columns = ["dataset", "model", "measure", "trials", "Spearman", "95 % interval"]
    return Table(
        "correlations",
        *without_empty(columns, rows, ("dataset",)),
        title="Rank correlation of each measure with the generalization gap",
        show=dict.fromkeys(("Spearman", "95 % interval"), str),
        notes=[
            "over trials of every randomization, which differ in far more than the measure;",
            "the interval takes them for independent, which seeds of one setting are not",
        ],
        sql=table.sql,
    )


def has_enough_trials(db: Database) -> bool:
    """Whether any correlation may be known; the view itself takes longer to ask."""
    return bool(db.table("select count(weight_norm) >= 5 from measures").rows[0][0])
