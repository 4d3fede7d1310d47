"""Interpolation with kernels: what it is worth on the test set, and how exactly it was solved."""

from __future__ import annotations

from dataclasses import replace

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column, Record
from gensweep.analysis.tables.labels import in_percent, in_words, order_by
from gensweep.analysis.tables.shared_columns import DATASET, percent_column
from gensweep.analysis.tables.table import Table
from gensweep.trainables.fields import text

FEATURES = ("raw_pixels", "gabor_wavelets", "random_features")
# What tells settings apart.
_SETTING = (
    *("dataset", "model", "randomization"),
    *("kernel", "bandwidth", "l2", "filters", "n", "precision"),
)
IN_ORDER = f"dataset, {order_by('model', FEATURES)}, randomization desc, kernel, bandwidth, l2"

_QUERY = f"""
with solved as (
select
    setting_id, {", ".join(_SETTING)}, count(*) as seeds,
    avg(test_error) as test_error, half_width(test_error) as test_error_interval,
    avg(train_error) as train_error, avg(solution_norm) as solution_norm,
    avg(signed_norm) as signed_norm, max(residual) as residual, max(refinements) as refinements,
    max(jitter) as jitter, median(seconds) as seconds
from kernels
where status = 'done'
group by all
)
select * exclude (setting_id) from solved order by {IN_ORDER}, filters, n, precision
"""
_SQL = f"from kernels where status = 'done' order by {IN_ORDER}, filters, n, precision, seed"
NEEDS = "from kernels where status = 'done'"


def _labels(record: Record) -> str:
    return "random" if record["randomization"] == "random_labels" else "true"


def _features(record: Record) -> str:
    """`raw pixels, 0.02`, `raw pixels, linear`, `random features, 32000`."""
    more = record["filters"] or "linear"
    if record["bandwidth"] is not None:
        more = f"{record['bandwidth']:.3g}"
    return f"{in_words(record['model'])}, {more}"


_LAYOUT = (
    DATASET,
    Column("features", _features),
    Column("labels", _labels, unsaid=("true",), keep="filled"),
    Column("in", "precision"),
    Column("l2", text=text, unsaid=(0,), keep="filled", align="left"),
    Column("n"),
    Column("seeds", unsaid=(1,), keep="filled"),
    percent_column("test %", "test_error"),
    Column("train %", "train_error", in_percent, unsaid=(0,), keep="filled"),
    Column("norm", "solution_norm", "{:.4g}".format),
    Column("residual", text="{:.0e}".format),
    Column("jitter", text="{:.0e}".format, unsaid=(0,), keep="filled"),
    Column("seconds", text="{:.3g}".format),
)


def kernels_table(db: Database) -> Table:
    """Per setting, over seeds: mean errors and norms, the worst residual and the largest jitter."""
    return replace(
        db.table(_QUERY, name="kernels"),
        title="Kernels: n equations, solved exactly",
        layout=_LAYOUT,
        notes=[
            "features: with the kernel's bandwidth, or how many filters; labels: true or random",
            "norm: of the solution, all classes as one function with one-hot targets",
            "residual: relative, in float64, the worst of all seeds; training error 0 unless said",
            "l2 and jitter are added to K's diagonal, in units of its mean",
        ],
        sql=_SQL,
    )
