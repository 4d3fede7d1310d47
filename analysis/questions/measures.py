"""What does training leave behind? Norms, margins and the fit of random labels, beside the gap."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import PAPER_ORDER, percent_interval
from gensweep.analysis.tables.settings import (
    ALIKE,
    IN_WORDS,
    MAY_BE_EMPTY,
    in_words,
    say_settings,
)
from gensweep.analysis.tables.table import Table, without_empty

_COLUMNS = (
    *(*ALIKE, "settings", "seeds", "gap", "gap_interval", "weight_norm"),
    *("distance_from_initialization", "margin_p10", "normalized_margin", "rademacher"),
)
_QUERY = f"""
from (
select
    setting_id,
    count(*) as seeds, avg(gap) as gap, half_width(gap) as gap_interval,
    avg(weight_norm) as weight_norm,
    avg(distance_from_initialization) as distance_from_initialization,
    avg(margin_p10) as margin_p10, avg(normalized_margin) as normalized_margin,
    avg(rademacher) as rademacher
from measures
where weight_norm is not null
group by setting_id
)
join settings using (setting_id)
order by {PAPER_ORDER}
"""


def measures_table(db: Database) -> Table:
    """Per setting, means over seeds of what was measured when training was done."""
    records = db.table(_QUERY).records()
    say_settings(records)
    return Table(
        "measures", _COLUMNS, [[r[c] for c in _COLUMNS] for r in records], sql=_QUERY.strip()
    )


def for_people(table: Table) -> Table:
    records = table.records()
    rows = [
        [
            *words,
            record["seeds"],
            percent_interval(record["gap"], record["gap_interval"]),
            f"{record['weight_norm']:.1f}",
            f"{record['distance_from_initialization']:.1f}",
            f"{record['margin_p10']:.2f}",
            "–" if record["rademacher"] is None else f"{record['rademacher']:.3f}",
        ]
        for record, words in zip(records, in_words(records), strict=True)
    ]
    columns = [*IN_WORDS, "n", "gap", "norm", "distance", "margin", "Rademacher"]
    return Table(
        "measures",
        *without_empty(columns, rows, MAY_BE_EMPTY),
        title="What training leaves behind: norms, margins, capacity",
        show=dict.fromkeys(("gap", "norm", "distance", "margin", "Rademacher"), str),
        notes=[
            "norm: of all weights; distance: from initialization; margin: its 10th percentile",
            "Rademacher: how far random labels are fitted, from 0 (chance) to 1 (wholly)",
        ],
        sql=table.sql,
    )


def has_measures(db: Database) -> bool:
    return bool(db.table("from measures where weight_norm is not null limit 1").rows)
