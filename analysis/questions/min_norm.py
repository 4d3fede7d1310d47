"""Claim D on linear models: where SGD ends, beside the closed form of minimum norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column, Record
from gensweep.analysis.tables.labels import dataset_labels, in_percent, varying_settings
from gensweep.analysis.tables.table import Table

GROUP_BY = ("dataset", "data", "corruption", "method", "start")
SETTINGS = ("batch_size", "lr", "scale", "precision", "steps")
VARYING = SETTINGS[:-1]  # steps are said where no other setting tells two apart
_PLACE = ("n", "d", "features", "bandwidth")  # of a setting among the others
SETTINGS_IN_ORDER = (
    "dataset, features, n, d, bandwidth, corruption, method, start desc, batch_size, lr, scale,"
    " precision, steps"
)
_MEANS = ("distance", "distance_to_limit", "norm", "train_loss", "test_error")

_QUERY = f"""
select
    setting_id, {", ".join((*GROUP_BY, *SETTINGS, *_PLACE))},
    count(*) as seeds,
    median(condition) as condition,
    {", ".join(f"avg({x}) as {x}, half_width({x}) as {x}_interval" for x in _MEANS)},
    max(outside_moved) as outside_moved,
    avg(minimum_norm) as minimum_norm,
    avg(solution_test_error) as solution_test_error,
    half_width(solution_test_error) as solution_test_error_interval
from min_norm
where status = 'done' and step = steps
group by all
order by {SETTINGS_IN_ORDER}
"""
_SQL = "from min_norm where step = steps order by dataset, data, corruption, method, start, seed"
NEEDS = "from trials where trainable = 'min_norm' and status = 'done'"

_COLUMNS = (
    *(*GROUP_BY, "settings", "seeds", "steps", "condition"),
    *(name for x in _MEANS for name in (x, f"{x}_interval")),
    *("outside_moved", "minimum_norm"),
    *("solution_test_error", "solution_test_error_interval"),
)


def _to_limit(record: Record) -> str:
    return f"{record['distance_to_limit']:.0e}" if record["start"] == "random" else ""


_LAYOUT = (
    Column("data", lambda r: ", ".join(filter(None, (r["of_dataset"], data_label(r))))),
    Column("method", lambda r: ", ".join(filter(None, (r["method"].upper(), r["settings"])))),
    Column("start"),
    Column("n", "seeds", keep="varying"),
    Column("distance", text="{:.0e}".format),
    Column("to limit", "distance_to_limit", cell=_to_limit, keep="filled"),
    Column("moved", "outside_moved", "{:.0e}".format),
    Column("test %", "test_error", in_percent),
    Column("exact %", "solution_test_error", in_percent),
)


def min_norm_table(db: Database) -> Table:
    """Per setting, over seeds that are done: how far from the closed form they ended."""
    records = db.table(_QUERY).records()
    varying = varying_settings(records, GROUP_BY, VARYING)
    steps = varying_settings(records, (*GROUP_BY, *VARYING), ["steps"])
    datasets = dataset_labels(records)
    for record, dataset, *labels in zip(records, datasets, varying, steps, strict=True):
        record["settings"] = ", ".join(filter(None, labels))
        record["of_dataset"] = dataset
    seeds = {r["seeds"] for r in records}
    mean = f"{seeds.pop()} seeds" if len(seeds) == 1 else "n seeds"
    return Table.of(
        "min_norm",
        records,
        _COLUMNS,
        title="Linear models: the distance from the solution of minimum norm",
        layout=_LAYOUT,
        notes=[
            f"distance: at the end, from the closed form, in units of its norm; mean over {mean}",
            "to limit: that from the closed form plus the start's part outside the data's span",
            "moved: how far the part outside the span has moved, at most; it must not",
            "exact: the test error of the closed form",
        ],
        sql=_SQL,
    )


def data_label(record: Mapping[str, Any]) -> str:
    """Such as `n=20, whitened pixels, p=0.5`."""
    p = f", p={record['corruption']:g}" if record["corruption"] else ""
    return f"{record['data']}{p}"


def way(record: Mapping[str, Any]) -> str:
    """Such as `SGD from zero`."""
    method = {"gd": "gradient descent", "sgd": "SGD"}[record["method"]]
    return f"{method} from {'zero' if record['start'] == 'zero' else 'a random start'}"
