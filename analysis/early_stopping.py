"""Figures 1a, 2a and 2b in numbers: where trials end, and where stopping early would have."""

from __future__ import annotations

from analysis.database import Database
from analysis.labels import (
    PAPER_ORDER,
    SETTINGS,
    dataset_labels,
    model_label,
    percent_interval,
    setting_text,
    short_data_label,
    varying_settings,
)
from analysis.tables import Table, without_empty

_ALIKE = ("dataset", "model", "batch_norm", "regularizer", "randomization", "corruption")
_QUERY = f"""
with settings as (
    select
        {", ".join(f"t.{c}" for c in (*_ALIKE, *SETTINGS))},
        count(*) as seeds,
        median(t.epochs) as epochs,
        avg(e.final_test_error) as final_test_error,
        half_width(e.final_test_error) as final_test_error_interval,
        avg(e.best_test_error) as best_test_error,
        half_width(e.best_test_error) as best_test_error_interval,
        median(e.best_test_epoch) as best_test_epoch,
        avg(gain) as gain,
        half_width(gain) as gain_interval
    from early_stopping e
    join trials t using (trial_id)
    group by all
)
from settings order by {PAPER_ORDER}
"""
_SQL = "from early_stopping order by model, regularizer, randomization, corruption, seed"


def early_stopping_table(db: Database) -> Table:
    """Per setting, over seeds that are done: the final and the best test error, and its epoch."""
    records = db.table(_QUERY).records()
    for record, settings in zip(records, varying_settings(records, _ALIKE), strict=True):
        record["settings"] = settings
    columns = [
        *(*_ALIKE, "settings", "seeds", "epochs", "final_test_error", "final_test_error_interval"),
        *("best_test_error", "best_test_error_interval", "best_test_epoch"),
        *("gain", "gain_interval"),
    ]
    return Table("early_stopping", columns, [[r[c] for c in columns] for r in records], sql=_SQL)


def for_people(table: Table) -> Table:
    """The same in per cent, with intervals written out."""
    records = table.records()
    rows = [
        [
            dataset,
            model_label(r["model"], r["batch_norm"]),
            r["regularizer"],
            short_data_label(r["randomization"], r["corruption"]),
            r["settings"],
            r["seeds"],
            percent_interval(r["final_test_error"], r["final_test_error_interval"]),
            percent_interval(r["best_test_error"], r["best_test_error_interval"]),
            f"{setting_text(r['best_test_epoch'])} of {setting_text(r['epochs'])}",
            percent_interval(r["gain"], r["gain_interval"]),
        ]
        for r, dataset in zip(records, dataset_labels(records), strict=True)
    ]
    columns = ["dataset", "model", "regularizer", "data", "settings", "n"]
    columns += ["final %", "best %", "at epoch", "gain"]
    return Table(
        "early_stopping",
        *without_empty(columns, rows, ("dataset", "settings")),
        title="Early stopping: test error at the end, and the best there was",
        show=dict.fromkeys(("final %", "best %", "at epoch", "gain"), str),
        notes=[
            "at epoch: the median over seeds of where the best was",
            "gain: an oracle's, as the test set itself chose that epoch",
        ],
        sql=table.sql,
    )


def has_trials(db: Database) -> bool:
    return bool(db.table("select count(*) from early_stopping").rows[0][0])
