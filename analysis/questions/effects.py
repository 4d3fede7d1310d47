"""What each axis of a sweep changes: its levels, compared where all else is the same."""

from __future__ import annotations

from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.axes import DATA, Axis, axes, judged_on
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.labels import in_percent
from gensweep.analysis.tables.shared_columns import percent_column
from gensweep.analysis.tables.table import Table

# Trials with their level of an axis; `done` are those with a twin at another level: the same
# context and seed.
_ENDED = """
ended as (
    select
        {level} as level, {context} as context, seed, status,
        case when status = 'done' then final_train_error end as train_error,
        case when status = 'done' then final_test_error end as test_error
    from draws
    where status in ('done', 'diverged') and {data} = coalesce(?, {data})
),
done as (
    from ended where test_error is not null
    window twins as (partition by context, seed)
    qualify min(level) over twins <> max(level) over twins
)
"""
_TWINS = f"with {_ENDED} select level, count(*) as twins from done group by level"
# Each level beside the first, over contexts that all have the same seeds: of those with the most
# seeds, as contexts that come and go between seeds would look like noise. Seeds alone are draws.
_QUERY = f"""
with {_ENDED},
pairs as (
    select d.*, d.test_error - first.test_error as difference
    from done d join done first using (context, seed)
    where first.level = ?
),
contexts as (
    select level, context, list(seed order by seed) as seeds from pairs group by level, context
),
balanced as (
    select level, seeds from contexts group by level, seeds
    qualify row_number() over (
        partition by level order by len(seeds) desc, count(*) desc, seeds) = 1
),
by_seed as (
    select
        level, seed, count(*) as contexts, avg(train_error) as train_error,
        avg(test_error) as test_error, avg(difference) as difference
    from pairs join contexts using (level, context) join balanced using (level, seeds)
    group by level, seed
),
means as (
    select
        level, any_value(contexts) as contexts, count(*) as seeds,
        avg(train_error) as train_error,
        avg(test_error) as test_error, half_width(test_error) as test_error_interval,
        avg(difference) as difference, half_width(difference) as difference_interval
    from by_seed group by level
),
counted as (
    select level, count(*) as trials, count(*) filter (status = 'diverged') as diverged
    from ended group by level
)
select * replace (coalesce(seeds, 0) as seeds, coalesce(contexts, 0) as contexts)
from counted left join means using (level)
"""
NEEDS = "select 1 from outcomes having count(*) > 1"

_COLUMNS = (
    *("axis", "level", "trials", "diverged", "contexts", "seeds"),
    *("train_error", "test_error", "test_error_interval"),
    *("difference", "difference_interval"),
)
_CHANGE = percent_column("", "difference")
_LAYOUT = (
    Column("axis", cell=lambda r: r["axis"] if r["is_first"] else ""),
    Column("level", align="left"),
    Column("trials"),
    Column("diverged", keep="filled", unsaid=(0,)),
    Column("n", "seeds"),
    Column("train %", "train_error", in_percent),
    percent_column("test %", "test_error"),
    Column("Δ test", "difference", cell=lambda r: "" if r["is_first"] else _CHANGE.of(r).text),
)
_NOTES = (
    "means over trials that have a twin at the axis's first level: all else the same, and the seed",
    "n: seeds, over which the 95 % intervals are; Δ test: to the first level",
)


def effects_table(db: Database) -> Table:
    """Per axis and level: mean errors, and the difference in test error to the axis's first level
    with its 95 % interval (Student's t over seeds).

    The first level is the default, if the axis has it, or the one with the most twins. Axes of
    which no two levels have twins are left out. All but `data` are compared on one of its levels.
    """
    on = judged_on(db)
    records = [record for axis in axes(db) for record in effects(db, axis, on)]
    apart = {record["axis"] for record in records} - {DATA.name}
    where = [f"on {DATA.label(on)}: {', '.join(sorted(apart))}"] if on and apart else []
    return Table.of(
        "effects",
        records,
        _COLUMNS,
        title="What each axis changes",
        layout=_LAYOUT,
        notes=[*_NOTES, *where] if records else ["no two trials differ in one axis alone"],
        sql="from outcomes",
    )


def effects(db: Database, axis: Axis, on: str) -> list[dict[str, Any]]:
    """A record for each level, the first one first and the others in order.

    on: the level of `data` on which other axes are compared.
    """
    names = {"level": axis.level, "context": axis.context, "data": DATA.level}
    only = None if axis == DATA else on
    twins = {r["level"]: r["twins"] for r in db.table(_TWINS.format(**names), [only]).records()}
    if not twins:
        return []
    first = min(twins, key=lambda level: (not axis.is_default(level), -twins[level], level))
    found = {r["level"]: r for r in db.table(_QUERY.format(**names), [only, first]).records()}
    return [
        found[level] | {"axis": axis.name, "level": axis.label(level), "is_first": level == first}
        for level in sorted(found, key=lambda level: (level != first, axis.place(level)))
        if found[level]["seeds"] or found[level]["diverged"]
    ]
