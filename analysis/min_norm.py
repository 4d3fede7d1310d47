"""Claim D on linear models: where SGD ends, beside the closed form of minimum norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.database import Database
from analysis.labels import dataset_labels, percent_interval, setting_text, varying_settings
from analysis.tables import Table, without_empty

ALIKE = ("dataset", "data", "corruption", "method", "start")
SETTINGS = ("batch_size", "lr", "scale", "precision", "steps")
TELLING = [name for name in SETTINGS if name != "steps"]  # which have a column of their own
_PLACE = ("n", "d", "features", "bandwidth")  # of a setting among the others
SETTINGS_IN_ORDER = (
    "dataset, features, n, d, bandwidth, corruption, method, start desc, batch_size, lr, scale,"
    " precision, steps"
)
_MEANS = ("distance", "distance_to_limit", "norm", "train_loss", "test_error")

_QUERY = f"""
select
    {", ".join((*ALIKE, *SETTINGS, *_PLACE))},
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


def min_norm_table(db: Database) -> Table:
    """Per setting, over seeds that are done: how far from the closed form they ended."""
    records = db.table(_QUERY).records()
    for record, said in zip(records, varying_settings(records, ALIKE, TELLING), strict=True):
        record["settings"] = said
    columns = [
        *(*ALIKE, "settings", "seeds", "steps", "condition"),
        *(name for x in _MEANS for name in (x, f"{x}_interval")),
        *("outside_moved", "minimum_norm"),
        *("solution_test_error", "solution_test_error_interval"),
    ]
    return Table("min_norm", columns, [[r[c] for c in columns] for r in records], sql=_SQL)


def for_people(table: Table) -> Table:
    """The same with intervals written out and errors in per cent."""
    records = table.records()
    rows = [
        [
            *(dataset, data_label(r), r["method"].upper(), r["start"], r["settings"], r["seeds"]),
            *(setting_text(r["steps"]), _short(r, "distance")),
            _short(r, "distance_to_limit") if r["start"] == "random" else "",
            *(f"{r['outside_moved']:.0e}", f"{r['norm']:.3g}", f"{r['minimum_norm']:.3g}"),
            percent_interval(r["test_error"], r["test_error_interval"]),
            percent_interval(r["solution_test_error"], r["solution_test_error_interval"]),
        ]
        for r, dataset in zip(records, dataset_labels(records), strict=True)
    ]
    words = ("dataset", "data", "method", "start", "settings")
    figures = ("steps", "distance", "to limit", "moved outside", "norm", "least norm")
    errors = ("test %", "closed form %")
    return Table(
        "min_norm",
        *without_empty([*words, "n", *figures, *errors], rows, ("dataset", "settings", "to limit")),
        title="Linear models: the distance from the solution of minimum norm",
        show=dict.fromkeys((*figures, *errors), str),
        notes=[
            "distance: from the closed form, in units of its norm (least norm)",
            "to limit: that from the closed form plus the start's part outside the data's span",
            "moved outside: how far that part has moved, at most",
        ],
        sql=table.sql,
    )


def data_label(record: Mapping[str, Any]) -> str:
    """Such as `n=20, whitened pixels, p=0.5`."""
    p = f", p={record['corruption']:g}" if record["corruption"] else ""
    return f"{record['data']}{p}"


def way(record: Mapping[str, Any]) -> str:
    """Such as `SGD from zero`."""
    method = {"gd": "gradient descent", "sgd": "SGD"}[record["method"]]
    return f"{method} from {'zero' if record['start'] == 'zero' else 'a random start'}"


def has_trials(db: Database) -> bool:
    query = "select count(*) from trials where trainable = 'min_norm' and status = 'done'"
    return bool(db.table(query).rows[0][0])


def _short(record: Mapping[str, Any], name: str) -> str:
    """`1.2e-04 ±3e-05`, or the mean alone with one seed."""
    half = record[f"{name}_interval"]
    return f"{record[name]:.1e}" + ("" if half is None else f" ±{half:.0e}")
