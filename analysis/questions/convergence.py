"""Figure 1b's question: how much longer do randomized data take to fit?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.tables.column import NOTHING, Column
from gensweep.analysis.tables.labels import GROUP_BY, SETTINGS_IN_ORDER, add_settings_label
from gensweep.analysis.tables.shared_columns import DATA, DATASET, MODEL, REGULARIZER, SETTINGS
from gensweep.analysis.tables.survival import median
from gensweep.analysis.tables.table import Table

THRESHOLDS = (
    *(("train_error", 0.0), ("train_error", 0.001), ("train_error", 0.01)),
    *(("train_loss", 0.1), ("train_loss", 0.01)),
)
UNITS = ("epochs", "steps", "seconds")

NEEDS = "from draws where randomization <> 'true_labels'"

_COLUMNS = (
    *GROUP_BY,
    *("settings", "metric", "threshold", "unit", "seeds", "reached", "diverged"),
    *("time", "time_low", "time_high", "time_above"),
    *("ratio", "ratio_low", "ratio_high", "ratio_above", "ratio_seeds"),
)

# What is not in `convergence`, as it diverged in its first epoch, counts among the seeds as well.
_QUERY = f"""
with timed as (
    select
        setting_id,
        count(*) as seeds,
        count(*) filter (not censored) as reached,
        count(*) filter (status = 'diverged') as diverged,
        list({{'time': value, 'censored': coalesce(censored, true), 'ratio': ratio,
               'never': status = 'diverged' and coalesce(censored, true)}}) as times
    from draws
    left join (
        select trial_id, value, censored, ratio from convergence
        where metric = ? and threshold = ? and unit = ?
    ) using (trial_id)
    where status in ('done', 'diverged')
    group by setting_id
)
select * from timed join settings using (setting_id) order by {SETTINGS_IN_ORDER}
"""


def convergence_table(
    db: Database, metric: str = "train_error", threshold: float = 0.0, unit: str = "epochs"
) -> Table:
    """Per model, regularizer and randomization: the median time over seeds until the training
    error (or loss) is at most the threshold, and the median of its ratios to true labels.

    A time that was not reached is never averaged, left out or made up: see `survival.median`.
    `*_above` is what a median is longer than, where too few got there to know it; `ratio_seeds`
    are those whose ratio is known, if only as a lower bound.

    Raises QueryError for what the view `convergence` does not have.
    """
    records = times_to(db, metric, threshold, unit)
    add_settings_label(records)
    goal = _goal(metric, threshold)
    few = ["n=k: only k seeds have a ratio, which is no fair sample"] * any(map(_of_fewer, records))
    return Table.of(
        "convergence",
        records,
        _COLUMNS,
        title=f"Convergence time: {unit} to {goal}, and its ratio to true labels",
        layout=_layout(unit),
        notes=[
            "median over seeds [95 % interval] by Kaplan and Meier",
            "> x: a lower bound, because too few seeds reached it",
            *few,
        ],
        sql=sql_of(metric, threshold, unit),
    )


def times_to(db: Database, metric: str, threshold: float, unit: str) -> list[dict[str, Any]]:
    """The same as records, a setting each, with the columns of the view `settings`."""
    if (metric, threshold) not in THRESHOLDS:
        allowed = ", ".join(f"{m} {t:g}" for m, t in THRESHOLDS)
        raise QueryError(f"threshold {metric} {threshold:g}", "is not kept", allowed)
    if unit not in UNITS:
        raise QueryError(f"unit {unit}", "is not kept", ", ".join(UNITS))
    records = db.table(_QUERY, [metric, threshold, unit]).records()
    for record in records:
        times: list[dict[str, Any]] = record.pop("times")
        known = [t for t in times if t["ratio"] is not None]
        record |= {"metric": metric, "threshold": threshold, "unit": unit}
        record |= _over_seeds("time", times) | _over_seeds("ratio", known)
        record["ratio_seeds"] = len(known)
    return records


def sql_of(metric: str, threshold: float, unit: str) -> str:
    """What the medians are made of, as `gensweep query` takes it."""
    return (
        f"from convergence where metric = '{metric}' and threshold = {threshold:g} "
        f"and unit = '{unit}' order by model, randomization, corruption, seed"
    )


def _over_seeds(name: str, times: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    found = median(
        [math.inf if t["never"] else t[name] for t in times], [t["censored"] for t in times]
    )
    return {
        name: found.value,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
        f"{name}_above": found.above,
    }


def _layout(unit: str) -> list[Column]:
    return [
        *(DATASET, MODEL, REGULARIZER, DATA, SETTINGS),
        Column("reached", cell=lambda r: f"{r['reached']}/{r['seeds']}"),
        Column(unit, lambda r: _known(r, "time"), cell=_time),
        Column("ratio", lambda r: _known(r, "ratio"), cell=_ratio),
    ]


def _goal(metric: str, threshold: float) -> str:
    if threshold == 0:
        return "training error 0"
    if metric == "train_error":
        return f"training error {100 * threshold:g} %"
    return f"training loss {threshold:g}"


def _known(record: Mapping[str, Any], name: str) -> float | None:
    """The median, or what it is longer than."""
    value: float | None = record[name]
    return record[f"{name}_above"] if value is None else value


def _time(record: Mapping[str, Any]) -> str:
    return "diverged" if record["diverged"] == record["seeds"] else _text(record, "time")


def _ratio(record: Mapping[str, Any]) -> str:
    return _text(record, "ratio", "×") + _of_fewer(record)


def _text(record: Mapping[str, Any], name: str, times: str = "") -> str:
    value, above = record[name], record[f"{name}_above"]
    if value is None:
        return NOTHING if above is None else f"> {_number(above)}{times}"
    text = _number(value) + times
    itself = name == "ratio" and record["randomization"] == "true_labels"
    if itself or record[f"{name}_low"] is None:
        return text
    low, high = (record[f"{name}_{end}"] for end in ("low", "high"))
    return f"{text} [{_number(low)}, {'∞)' if high is None else _number(high) + ']'}"


def _of_fewer(record: Mapping[str, Any]) -> str:
    """Over how many seeds the ratio is, where not all have one."""
    fewer = 0 < record["ratio_seeds"] < record["seeds"]
    return f" (n={record['ratio_seeds']})" if fewer else ""


def _number(value: float) -> str:
    return f"{round(value, 2):.12g}"
