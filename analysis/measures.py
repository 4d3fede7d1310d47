"""What does training leave behind? Norms, margins and the fit of random labels, beside the gap."""

from __future__ import annotations

from analysis.database import Database
from analysis.labels import (
    PAPER_ORDER,
    SETTINGS,
    dataset_labels,
    model_label,
    percent_interval,
    short_data_label,
    varying_settings,
)
from analysis.tables import Table, without_empty

_ALIKE = ("dataset", "model", "batch_norm", "regularizer", "randomization", "corruption")
_SETTING = ", ".join((*_ALIKE, *SETTINGS))
_QUERY = f"""
from (
select
    {_SETTING},
    count(*) as seeds, avg(gap) as gap, half_width(gap) as gap_interval,
    avg(weight_norm) as weight_norm,
    avg(distance_from_initialization) as distance_from_initialization,
    avg(margin_p10) as margin_p10, avg(normalized_margin) as normalized_margin,
    avg(rademacher) as rademacher
from measures
join (select trial_id, {", ".join(SETTINGS)} from trials) using (trial_id)
where weight_norm is not null
group by all
)
order by {PAPER_ORDER}
"""


def measures_table(db: Database) -> Table:
    """Per setting, means over seeds of what was measured when training was done."""
    found = db.table(_QUERY)
    return Table("measures", found.columns, found.rows, sql=_QUERY.strip())


def for_people(table: Table) -> Table:
    records = table.records()
    rows = [
        [
            dataset,
            model_label(record["model"], record["batch_norm"]),
            record["regularizer"],
            short_data_label(record["randomization"], record["corruption"]),
            settings,
            record["seeds"],
            percent_interval(record["gap"], record["gap_interval"]),
            f"{record['weight_norm']:.1f}",
            f"{record['distance_from_initialization']:.1f}",
            f"{record['margin_p10']:.2f}",
            "–" if record["rademacher"] is None else f"{record['rademacher']:.3f}",
        ]
        for record, dataset, settings in zip(
            records, dataset_labels(records), varying_settings(records, _ALIKE), strict=True
        )
    ]
    columns = ["dataset", "model", "regularizer", "data", "settings"]
    columns += ["n", "gap", "norm", "distance", "margin", "Rademacher"]
    return Table(
        "measures",
        *without_empty(columns, rows, ("dataset", "settings")),
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
