"""Theorem 1 in numbers: what the construction fits in each precision, beside what SGD finds."""

from __future__ import annotations

from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import setting_text
from gensweep.analysis.tables.table import Table, without_empty
from gensweep.trainables.expressivity.trial import ExpressivityTrial

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
        {_SAME}, precision, epochs, batch_size, lr, momentum,
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


def expressivity_table(db: Database) -> Table:
    """Per sample and construction, over seeds: how it fits in each precision, and SGD's best.

    Residuals, condition numbers and gaps are the worst over seeds, training errors are means.
    """
    found = db.table(_QUERY)
    return Table("expressivity", found.columns, found.rows, sql=_SQL)


def for_people(table: Table) -> Table:
    """The same with what a precision reached in one cell, narrow enough for 80 columns."""
    records = table.records()
    several = len({r["classes"] for r in records}) > 1
    rows = [
        [
            f"{r['dataset']}, d={r['d']}",
            "true" if r["randomization"] == "true_labels" else "",
            r["n"],
            r["classes"] if several else "",
            "1" if r["output"] == "real" else str(r["classes"]),
            str(r["depth"]) if (r["depth"] or 1) > 1 else "",
            "" if r["knot"] in (None, ExpressivityTrial.knot) else setting_text(r["knot"]),
            r["parameters"],
            _constructed(r, "fp64"),
            _constructed(r, "fp32"),
            "–" if r["condition"] is None else f"{r['condition']:.0e}",
            _trained(r),
        ]
        for r in records
    ]
    shown = ("float64", "float32", "cond.", "SGD %")
    columns = ["sample", "labels", "n", "classes", "out", "depth", "knot", "weights", *shown]
    epochs = sorted({r["sgd_epochs"] for r in records} - {None})
    after = f" after {' or '.join(map(str, epochs))} epochs" if epochs else ""
    return Table(
        "expressivity",
        *without_empty(columns, rows, ("labels", "classes", "depth", "knot")),
        title="Theorem 1: any labels with 2n + d weights",
        show=dict.fromkeys(("out", *shown), str),
        notes=[
            "labels: random unless true; out: one per class, or 1, whose target is its number",
            "float64, float32: seeds that fit, with the largest |output - target|, or the error",
            "float32 fails where rounding does: the theorem is about real numbers",
            f"SGD: an MLP of about as many weights{after}, at the best learning rate",
        ],
        sql=table.sql,
    )


def has_trials(db: Database) -> bool:
    query = "select count(*) from expressivity where status in ('done', 'diverged')"
    return bool(db.table(query).rows[0][0])


def _constructed(record: dict[str, Any], precision: str) -> str:
    """`3/3 4e-06`; the training error where not all seeds fit."""
    seeds, fits = record[f"{precision}_seeds"], record[f"{precision}_fits"]
    if not seeds:
        return "–"
    if fits < seeds:
        return f"{fits}/{seeds} {100 * record[f'{precision}_train_error']:.1f} %"
    return f"{fits}/{seeds} {record[f'{precision}_max_residual']:.0e}"


def _trained(record: dict[str, Any]) -> str:
    if record["sgd_train_error"] is None:
        return "–"
    return f"{100 * record['sgd_train_error']:.1f}"
