"""Interpolation with kernels: what it is worth on the test set, and how exactly it was solved."""

from __future__ import annotations

from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import (
    dataset_labels,
    in_words,
    order_by,
    percent_interval,
    setting_text,
)
from gensweep.analysis.tables.table import Table, without_empty

FEATURES = ("raw_pixels", "gabor_wavelets", "random_features")
# Everything of a trial but its seed.
_SETTING = (
    *("dataset", "model", "randomization"),
    *("kernel", "bandwidth", "l2", "filters", "n", "precision"),
)
IN_ORDER = f"dataset, {order_by('model', FEATURES)}, randomization desc, kernel, bandwidth, l2"

_QUERY = f"""
with solved as (
select
    {", ".join(_SETTING)}, count(*) as seeds,
    avg(test_error) as test_error, half_width(test_error) as test_error_interval,
    avg(train_error) as train_error, avg(solution_norm) as solution_norm,
    avg(signed_norm) as signed_norm, max(residual) as residual, max(refinements) as refinements,
    max(jitter) as jitter, median(seconds) as seconds
from kernels
where status = 'done'
group by all
)
from solved order by {IN_ORDER}, filters, n, precision
"""
_SQL = f"from kernels where status = 'done' order by {IN_ORDER}, filters, n, precision, seed"


def kernels_table(db: Database) -> Table:
    """Per setting, over seeds: mean errors and norms, the worst residual and the largest jitter."""
    found = db.table(_QUERY)
    return Table("kernels", found.columns, found.rows, sql=_SQL)


def for_people(table: Table) -> Table:
    """The same in words and per cent."""
    records = table.records()
    rows = [
        [
            dataset,
            _features(r),
            "random" if r["randomization"] == "random_labels" else "",
            r["precision"],
            "" if r["l2"] == 0 else setting_text(r["l2"]),
            r["n"],
            "" if r["seeds"] == 1 else r["seeds"],
            percent_interval(r["test_error"], r["test_error_interval"]),
            "" if r["train_error"] == 0 else f"{100 * r['train_error']:.2f}",
            f"{r['solution_norm']:.4g}",
            f"{r['residual']:.0e}",
            "" if r["jitter"] == 0 else f"{r['jitter']:.0e}",
            f"{r['seconds']:.3g}",
        ]
        for r, dataset in zip(records, dataset_labels(records), strict=True)
    ]
    shown = ("n", "test %", "train %", "norm", "residual", "jitter", "seconds")
    columns = ["dataset", "features", "labels", "in", "l2", "n", "seeds"]
    columns += ["test %", "train %", "norm", "residual", "jitter", "seconds"]
    may_be_empty = ("dataset", "labels", "l2", "seeds", "train %", "jitter")
    return Table(
        "kernels",
        *without_empty(columns, rows, may_be_empty),
        title="Kernels: n equations, solved exactly",
        show=dict.fromkeys(shown, str),
        notes=[
            "features: with the kernel's bandwidth, or how many filters; labels: true or random",
            "norm: of the solution, all classes as one function with one-hot targets",
            "residual: relative, in float64, the worst of all seeds; training error 0 unless said",
            "l2 and jitter are added to K's diagonal, in units of its mean",
        ],
        sql=table.sql,
    )


def has_trials(db: Database) -> bool:
    return bool(db.table("select count(*) from kernels where status = 'done'").rows[0][0])


def _features(record: dict[str, Any]) -> str:
    """`raw pixels, 0.02`, `raw pixels, linear`, `random features, 32000`."""
    more = record["filters"] or "linear"
    if record["bandwidth"] is not None:
        more = f"{record['bandwidth']:.3g}"
    return f"{in_words(record['model'])}, {more}"
