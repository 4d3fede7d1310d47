"""Theorem 1 in numbers: what the construction fits in each precision, beside what SGD finds."""

from __future__ import annotations

from dataclasses import replace

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import NOTHING, Column, Record
from gensweep.analysis.tables.table import Table
from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.fields import text

# The same sample, asked for in the same way.
_SAMPLE = ("dataset", "randomization", "n", "d", "classes", "output")

_SAME = ", ".join(_SAMPLE)


def _in(precision: str) -> str:
    """How constructions fit in a precision, over seeds."""
    figures = {
        "seeds": "count(*)",
        "fits": "count_if(fits)",
        "train_error": "avg(train_error)",
        "max_residual": "max(max_residual)",
        "equal_projections": "max(equal_projections)",
    }
    return ",\n        ".join(
        f"{figure} filter (precision = '{precision}') as {precision}_{name}"
        for name, figure in figures.items()
    )


_QUERY = f"""
with seen as (
    from expressivity where status in ('done', 'diverged')
),
constructed as (
    select
        {_SAME}, depth, knot, min(parameters) as parameters, max(width) as width,
        {_in("fp64")},
        {_in("fp32")},
        max(condition) as condition, min(smallest_gap) filter (smallest_gap > 0) as smallest_gap,
        median(seconds) as seconds
    from seen
    where method = 'construct'
    group by all
),
trained as (
    select
        setting_id, {_SAME}, epochs, lr,
        min(parameters) as parameters, count(*) as seeds, count_if(fits) as fits,
        avg(case status when 'diverged' then 1 else train_error end) as train_error
    from seen
    where method = 'sgd'
    group by all
),
best as (
    from trained
    qualify row_number() over (partition by {_SAME} order by train_error, epochs) = 1
)
select
    {_SAME}, depth, knot, c.parameters, width, c.* exclude (
        {_SAME}, depth, knot, parameters, width, condition, smallest_gap, seconds),
    condition, smallest_gap, seconds, b.parameters as sgd_parameters, b.seeds as sgd_seeds,
    b.fits as sgd_fits, b.train_error as sgd_train_error, b.epochs as sgd_epochs, b.lr as sgd_lr
from constructed c
full join best b using ({_SAME})
order by dataset, randomization, d, output desc, depth, knot <> {ExpressivityTrial.knot}, knot,
    classes, n
"""
_SQL = "from expressivity order by dataset, output, depth, knot, n, precision, seed"
NEEDS = "from expressivity where status in ('done', 'diverged')"

_KNOTS = (None, ExpressivityTrial.knot)


def _labels(record: Record) -> str:
    return "true" if record["randomization"] == "true_labels" else "random"


def _constructed(record: Record, precision: str) -> str:
    """`3/3 4e-06`; the training error where not all seeds fit."""
    seeds, fits = record[f"{precision}_seeds"], record[f"{precision}_fits"]
    if not seeds:
        return NOTHING
    if fits < seeds:
        return f"{fits}/{seeds} {100 * record[f'{precision}_train_error']:.1f} %"
    return f"{fits}/{seeds} {record[f'{precision}_max_residual']:.0e}"


_LAYOUT = (
    Column("sample", lambda r: f"{r['dataset']}, d={r['d']}"),
    Column("labels", _labels, unsaid=("random",), keep="filled"),
    Column("n"),
    Column("classes", keep="varying"),
    Column("out", lambda r: 1 if r["output"] == "real" else r["classes"]),
    Column("depth", unsaid=(None, 1), keep="filled", align="left"),
    Column("knot", text=text, unsaid=_KNOTS, keep="filled", align="left"),
    Column("weights", "parameters"),
    Column("float64", "fp64_fits", cell=lambda r: _constructed(r, "fp64")),
    Column("float32", "fp32_fits", cell=lambda r: _constructed(r, "fp32")),
    Column("cond.", "condition", "{:.0e}".format),
    Column("SGD %", "sgd_train_error", lambda error: f"{100 * error:.1f}"),
)


def expressivity_table(db: Database) -> Table:
    """Per sample and construction, over seeds: how it fits in each precision, and SGD's best.

    Residuals, condition numbers and gaps are the worst over seeds, training errors are means.
    """
    found = db.table(_QUERY, name="expressivity")
    epochs = sorted({r["sgd_epochs"] for r in found.records()} - {None})
    after = f" after {' or '.join(map(str, epochs))} epochs" if epochs else ""
    return replace(
        found,
        title="Theorem 1: any labels with 2n + d weights",
        layout=_LAYOUT,
        notes=[
            "labels: random unless true; out: one per class, or 1, whose target is its number",
            "float64, float32: seeds that fit, with the largest |output - target|, or the error",
            "float32 fails where rounding does: the theorem is about real numbers",
            f"SGD: an MLP of about as many weights{after}, at the best learning rate",
        ],
        sql=_SQL,
    )
