"""How the changed and the unchanged examples of corrupted training sets fare."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import (
    PAPER_ORDER,
    dataset_labels,
    model_label,
    percent,
)
from gensweep.analysis.tables.settings import say_settings
from gensweep.analysis.tables.table import Table, without_empty

_ALIKE = ("dataset", "model", "batch_norm", "regularizer", "corruption")
_FIGURES = ("clean_train_error", "corrupted_train_error", "memorized_fraction")
_COLUMNS = (*_ALIKE, "settings", "seeds", *_FIGURES, "recovered_fraction", "test_error")
_SQL = f"""
select {", ".join(c for c in _COLUMNS if c != "settings")}
from corruption where memorized_fraction is not null order by model, regularizer, corruption
"""
_QUERY = f"""
from (
    select * replace ('partial_labels' as randomization) from corruption
    where memorized_fraction is not null
)
order by {PAPER_ORDER}
"""


def subsets_table(db: Database) -> Table:
    """The means over seeds of the view `corruption`, where labels were changed."""
    records = db.table(_QUERY).records()
    say_settings(records, _ALIKE)
    rows = [[r[c] for c in _COLUMNS] for r in records]
    return Table("subsets", _COLUMNS, rows, sql=_SQL)


def for_people(table: Table) -> Table:
    """The same in per cent."""
    records = table.records()
    rows = [
        [
            dataset,
            model_label(r["model"], r["batch_norm"]),
            r["regularizer"],
            r["settings"],
            f"{r['corruption']:g}",
            r["seeds"],
            "–" if r["clean_train_error"] is None else percent(r["clean_train_error"]),
            percent(r["memorized_fraction"]),
            percent(r["recovered_fraction"]),
        ]
        for r, dataset in zip(records, dataset_labels(records), strict=True)
    ]
    columns = ["dataset", "model", "regularizer", "settings", "p", "n"]
    figures = ["clean error", "memorized", "recovered"]
    return Table(
        "subsets",
        *without_empty([*columns, *figures], rows, ("dataset", "settings")),
        title="Changed and unchanged examples at the end of training",
        show=dict.fromkeys(("p", *figures), str),
        notes=[
            "clean error: of the unchanged examples",
            "memorized, recovered: changed examples given their wrong label, their true one",
        ],
        sql=table.sql,
    )


def has_trials(db: Database) -> bool:
    query = "select count(*) from corruption where memorized_fraction is not null"
    return bool(db.table(query).rows[0][0])
