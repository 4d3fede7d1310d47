"""Figure 1c's question: what does fitting wrong labels cost on the test set?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.figure import Curve, line_figure
from gensweep.analysis.tables.labels import (
    MODEL_ORDER,
    dataset_labels,
    model_label,
    order_by,
    percent_interval,
    varying_settings,
)
from gensweep.analysis.tables.table import Table, without_empty

_ALIKE = ("dataset", "model", "batch_norm", "regularizer", "corruption")
_QUERY = f"""
from corruption
order by dataset, {order_by("model", MODEL_ORDER)}, model, batch_norm desc, regularizer,
    epochs, lr, corruption
"""
_SQL = "from corruption order by model, regularizer, corruption"


def corruption_table(db: Database) -> Table:
    """The view `corruption` in the paper's order of models."""
    return replace(db.table(_QUERY, name="corruption"), sql=_SQL)


def for_people(table: Table) -> Table:
    """The same in per cent, with intervals written out, and with the curves of figure 1c."""
    records = table.records()
    settings = varying_settings(records, _ALIKE)
    datasets = dataset_labels(records)
    diverged = any(r["diverged"] for r in records)
    several = len({r["max_epochs"] for r in records}) > 1
    rows = [
        [
            dataset,
            model_label(r["model"], r["batch_norm"]),
            r["regularizer"],
            setting,
            f"{r['corruption']:g}",
            r["max_epochs"] if several else None,
            f"{r['fitted']}/{r['seeds'] + r['diverged']}",
            percent_interval(r["train_error"], r["train_error_interval"]),
            percent_interval(r["test_error"], r["test_error_interval"]),
            percent_interval(r["gap"], r["gap_interval"]),
            percent_interval(r["fitted_test_error"], r["fitted_test_error_interval"]),
        ]
        for r, dataset, setting in zip(records, datasets, settings, strict=True)
    ]
    columns = ["dataset", "model", "regularizer", "settings"]
    columns += ["p", "epochs", "fitted", "train %", "test %", "gap", "at fit %"]
    curves = _curves(records, datasets, settings)
    return Table(
        "corruption",
        *without_empty(columns, rows, ("dataset", "settings", "epochs")),
        title="Error against label corruption p, at the end of training",
        show=dict.fromkeys(("p", "fitted", "train %", "test %", "gap", "at fit %"), str),
        notes=[
            "fitted: how many of the seeds reached training error 0",
            "at fit: test error at the first epoch with training error 0, of those",
            *(["errors: means over those seeds that did not diverge"] * diverged),
            *(["the curves of figure 1c: test error (%) over trials that ended"] * bool(curves)),
        ],
        plot=line_figure(curves, "p", "test error %", x_end=1.0, y_end=100.0) if curves else None,
        sql=table.sql,
    )


def _curves(records: list[dict[str, Any]], datasets: list[str], settings: list[str]) -> list[Curve]:
    """Test error against p where there are at least three points to connect."""
    points: dict[str, list[tuple[float, float]]] = {}
    for record, dataset, setting in zip(records, datasets, settings, strict=True):
        name = model_label(record["model"], record["batch_norm"])
        regularizer = record["regularizer"] if record["regularizer"] != "none" else ""
        parts = filter(None, (dataset, name, regularizer, setting))
        curve = points.setdefault(" ".join(parts), [])
        curve.append((record["corruption"], 100 * record["test_error"]))
    return [
        Curve(name, [x for x, _ in curve], [y for _, y in curve])
        for name, curve in points.items()
        if len(curve) >= 3
    ]
