"""In which order are examples learned? Beyond the paper: when each was first predicted right."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column, Record
from gensweep.analysis.tables.labels import GROUP_BY, SETTINGS_IN_ORDER, add_settings_label, percent
from gensweep.analysis.tables.shared_columns import SEEDS, SETTING
from gensweep.analysis.tables.table import Table

_COLUMNS = (
    *(*GROUP_BY, "settings", "changed", "seeds", "examples", "learned", "median_epoch"),
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
order by {SETTINGS_IN_ORDER}, changed
"""
NEEDS = "from examples"


def _examples(record: Record) -> str:
    return "corrupted" if record["changed"] else "clean"


def _epoch(record: Record) -> str:
    epoch = record["median_epoch"]
    return "not reached" if epoch is None else f"{epoch:g}"


_LAYOUT = (
    *SETTING,
    Column("examples", _examples),
    SEEDS,
    Column("learned", text=percent),
    Column("epoch", "median_epoch", cell=_epoch),
    Column("forgotten", text="{:.2f}".format),
)


def learning_times_table(db: Database) -> Table:
    """Per setting, for clean and for corrupted examples: how many were learned, and when.

    A median that not all seeds reached is left out: it would be one over the fastest.
    """
    records = db.table(_QUERY).records()
    add_settings_label(records)
    for record in records:
        if record["reached"] < record["seeds"]:
            record["median_epoch"] = None
    return Table.of(
        "learning_times",
        records,
        _COLUMNS,
        title="Order of learning: when examples are first predicted as their given label",
        layout=_LAYOUT,
        notes=[
            "learned: the share ever learned; epoch: the median over all examples",
            "forgotten: how often one is, on average; means over n seeds",
        ],
        sql=_QUERY.strip(),
    )
