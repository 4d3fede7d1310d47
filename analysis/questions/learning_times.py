"""In which order are examples learned? Beyond the paper: when each was first predicted right."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import PAPER_ORDER, percent
from gensweep.analysis.tables.settings import (
    ALIKE,
    IN_WORDS,
    MAY_BE_EMPTY,
    in_words,
    say_settings,
)
from gensweep.analysis.tables.table import Table, without_empty

_COLUMNS = (
    *(*ALIKE, "settings", "changed", "seeds", "examples", "learned", "median_epoch"),
    *("learned_for_good", "forgotten"),
)
_QUERY = f"""
from (
select
    setting_id, changed,
    count(*) as seeds, sum(examples)::bigint as examples, avg(learned) as learned,
    avg(median_epoch) filter (median_epoch is not null) as median_epoch,
    count(median_epoch) as reached,
    avg(learned_for_good) as learned_for_good, avg(forgotten) as forgotten
from learning_times
join draws using (trial_id)
group by setting_id, changed
)
join settings using (setting_id)
order by {PAPER_ORDER}, changed
"""


def learning_times_table(db: Database) -> Table:
    """Per setting, for clean and for corrupted examples: how many were learned, and when.

    A median that not all seeds reached is left out: it would be one over the fastest.
    """
    records = db.table(_QUERY).records()
    say_settings(records)
    for record in records:
        if record["reached"] < record["seeds"]:
            record["median_epoch"] = None
    rows = [[r[c] for c in _COLUMNS] for r in records]
    return Table("learning_times", _COLUMNS, rows, sql=_QUERY.strip())


def for_people(table: Table) -> Table:
    records = table.records()
    rows = [
        [
            *words,
            "corrupted" if record["changed"] else "clean",
            record["seeds"],
            percent(record["learned"]),
            "not reached" if record["median_epoch"] is None else f"{record['median_epoch']:g}",
            f"{record['forgotten']:.2f}",
        ]
        for record, words in zip(records, in_words(records), strict=True)
    ]
    columns = [*IN_WORDS, "examples", "n", "learned", "epoch", "forgotten"]
    return Table(
        "learning_times",
        *without_empty(columns, rows, MAY_BE_EMPTY),
        title="Order of learning: when examples are first predicted as their given label",
        show=dict.fromkeys(("learned", "epoch", "forgotten"), str),
        notes=[
            "learned: the share that ever was; epoch: the median over all of them",
            "forgotten: how often one is, on average; means over n seeds",
        ],
        sql=table.sql,
    )


def has_examples(db: Database) -> bool:
    return bool(db.table("from examples limit 1").rows)
