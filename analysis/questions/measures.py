"""What does training leave behind? Norms, margins and the fit of random labels, beside the gap."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.labels import GROUP_BY, SETTINGS_IN_ORDER, add_settings_label
from gensweep.analysis.tables.shared_columns import SEEDS, SETTING, percent_column
from gensweep.analysis.tables.table import Table

_COLUMNS = (
    *(*GROUP_BY, "settings", "seeds", "gap", "gap_interval", "weight_norm"),
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
order by {SETTINGS_IN_ORDER}
"""
NEEDS = "from measures where weight_norm is not null"

_LAYOUT = (
    *SETTING,
    SEEDS,
    percent_column("gap", "gap"),
    Column("norm", "weight_norm", "{:.1f}".format),
    Column("distance", "distance_from_initialization", "{:.1f}".format),
    Column("margin", "margin_p10", "{:.2f}".format),
    Column("Rademacher", "rademacher", "{:.3f}".format),
)


def measures_table(db: Database) -> Table:
    """Per setting, means over seeds of what was measured when training was done."""
    records = db.table(_QUERY).records()
    add_settings_label(records)
    return Table.of(
        "measures",
        records,
        _COLUMNS,
        title="What training leaves behind: norms, margins, capacity",
        layout=_LAYOUT,
        notes=[
            "norm: of all weights; distance: from initialization; margin: its 10th percentile",
            "Rademacher: how well random labels are fitted, from 0 (chance) to 1 (perfectly)",
        ],
        sql=_QUERY.strip(),
    )
