"""Which setting generalizes best, and which ones cannot be told from it."""

from __future__ import annotations

from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.axes import DATA, judged_on
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.labels import varying_settings
from gensweep.analysis.tables.shared_columns import (
    DATASET,
    MODEL,
    REGULARIZER,
    percent_column,
)
from gensweep.analysis.tables.table import Table

# What diverged counts as an error of 1. The best of a dataset is compared with each other setting
# by the seeds that both have.
_QUERY = f"""
with ended as (
    select *, case when status = 'done' then final_test_error end as outcome
    from draws
    where status in ('done', 'diverged') and {DATA.level} = ?
),
means as (
    select
        setting_id, dataset, count(*) as seeds, count(*) filter (status = 'diverged') as diverged,
        avg(final_train_error) filter (status = 'done') as train_error,
        avg(outcome) as test_error, half_width(outcome) as test_error_interval,
        avg(coalesce(outcome, 1.0)) as charged
    from ended group by setting_id, dataset
),
ranked as (
    select
        *,
        row_number() over by_error as rank,
        first_value(setting_id) over by_error as best_id
    from means
    window by_error as (partition by dataset order by charged, test_error, setting_id)
),
beside as (
    select
        e.setting_id, count(*) as pairs,
        avg(e.outcome - b.outcome) as difference,
        half_width(e.outcome - b.outcome) as difference_interval
    from ended e
    join ranked r using (setting_id)
    join ended b on b.setting_id = r.best_id and b.seed = e.seed
    where e.outcome is not null and b.outcome is not null
    group by e.setting_id
)
select
    r.* exclude (charged, best_id), b.* exclude (setting_id), s.* exclude (dataset, setting_id),
    case
        when rank = 1 then 'best'
        when difference_interval is null then null
        when difference - difference_interval > 0 then 'worse'
        else 'tied'
    end as verdict
from ranked r
join settings s using (setting_id)
left join beside b using (setting_id)
order by r.dataset, rank
"""
# Where there is something to rank.
NEEDS = """
select 1 from draws where status in ('done', 'diverged')
group by dataset, randomization, corruption having count(distinct setting_id) > 1
"""

_BY = ("dataset", "model", "batch_norm", "regularizer")
_COLUMNS = (
    *("rank", *_BY, "settings", "seeds", "diverged"),
    *("train_error", "test_error", "test_error_interval"),
    *("pairs", "difference", "difference_interval", "verdict"),
)
_LAYOUT = (
    DATASET,
    Column("rank", short="#"),
    MODEL,
    REGULARIZER,
    Column("settings", keep="filled"),
    Column("n", "seeds"),
    Column("diverged", keep="filled", unsaid=(0,)),
    percent_column("test %", "test_error"),
    percent_column("Δ", "difference"),
    Column("verdict", cell=lambda r: r["verdict"] or "one seed", keep="filled"),
)


def ranking_table(db: Database) -> Table:
    """The settings of each dataset by their mean test error, the best first.

    `tied`: the 95 % interval of the difference to the best, over common seeds, includes 0. With
    one common seed there is no verdict.
    """
    on = judged_on(db)
    records = ranking(db, on)
    return Table.of(
        "ranking",
        records,
        _COLUMNS,
        title=f"The best settings on {DATA.label(on)}" if on else "The best settings",
        layout=_LAYOUT,
        notes=[
            "by test error, mean over n seeds ± 95 % interval; Δ: to the best, over common seeds",
            "tied: that interval includes 0; the best was chosen by the same trials",
        ],
        sql="from outcomes order by test_error",
    )


def ranking(db: Database, on: str) -> list[dict[str, Any]]:
    """The same as records, on a level of `data`, with `settings`: what differs among them and no
    column says.
    """
    records = db.table(_QUERY, [on]).records()
    for record, label in zip(records, varying_settings(records, ()), strict=True):
        record["settings"] = label
    return records
