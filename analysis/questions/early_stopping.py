"""Figures 1a, 2a and 2b in numbers: where trials end, and where stopping early would have."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import PAPER_ORDER, percent_interval, setting_text
from gensweep.analysis.tables.settings import (
    ALIKE,
    IN_WORDS,
    MAY_BE_EMPTY,
    in_words,
    say_settings,
)
from gensweep.analysis.tables.table import Table, without_empty

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
select * from stopped join settings using (setting_id) order by {PAPER_ORDER}
"""
_SQL = "from early_stopping order by model, regularizer, randomization, corruption, seed"


def early_stopping_table(db: Database) -> Table:
    """Per setting, over seeds that are done: the final and the best test error, and its epoch."""
    records = db.table(_QUERY).records()
    say_settings(records)
    columns = [
        *(
            *ALIKE,
            "settings",
            "seeds",
            "epochs_run",
            "final_test_error",
            "final_test_error_interval",
        ),
        *("best_test_error", "best_test_error_interval", "best_test_epoch"),
        *("gain", "gain_interval"),
    ]
    return Table("early_stopping", columns, [[r[c] for c in columns] for r in records], sql=_SQL)


def for_people(table: Table) -> Table:
    """The same in per cent, with intervals written out."""
    records = table.records()
    rows = [
        [
            *words,
            r["seeds"],
            percent_interval(r["final_test_error"], r["final_test_error_interval"]),
            percent_interval(r["best_test_error"], r["best_test_error_interval"]),
            f"{setting_text(r['best_test_epoch'])} of {setting_text(r['epochs_run'])}",
            percent_interval(r["gain"], r["gain_interval"]),
        ]
        for r, words in zip(records, in_words(records), strict=True)
    ]
    figures = ("final %", "best %", "at epoch", "gain")
    return Table(
        "early_stopping",
        *without_empty([*IN_WORDS, "n", *figures], rows, MAY_BE_EMPTY),
        title="Early stopping: test error at the end, and the best there was",
        show=dict.fromkeys(figures, str),
        notes=[
            "at epoch: the median over seeds of where the best was",
            "gain: an oracle's, as the test set itself chose that epoch",
        ],
        sql=table.sql,
    )


def has_trials(db: Database) -> bool:
    return bool(db.table("select count(*) from early_stopping").rows[0][0])
