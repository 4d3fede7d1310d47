"""Figure 1c's question: what does fitting wrong labels cost on the test set?"""

from __future__ import annotations

from collections.abc import Sequence

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column, Record
from gensweep.analysis.tables.figure import Curve, line_figure
from gensweep.analysis.tables.labels import (
    MODELS_IN_ORDER,
    OTHERS_IN_ORDER,
    REGULARIZERS_IN_ORDER,
    add_settings_label,
    dataset_labels,
)
from gensweep.analysis.tables.shared_columns import (
    DATASET,
    MODEL,
    REGULARIZER,
    SETTINGS,
    P,
    percent_column,
)
from gensweep.analysis.tables.table import Table

_QUERY = f"""
from corruption
order by {MODELS_IN_ORDER}, {REGULARIZERS_IN_ORDER}, {OTHERS_IN_ORDER}, corruption
"""
NEEDS = "from draws where corruption > 0"
_SQL = "from corruption order by model, regularizer, corruption"

_LAYOUT = (
    *(DATASET, MODEL, REGULARIZER, SETTINGS, P),
    Column("epochs", keep="varying"),
    Column("fitted", cell=lambda r: f"{r['fitted']}/{r['seeds'] + r['diverged']}"),
    percent_column("train %", "train_error"),
    percent_column("test %", "test_error"),
    percent_column("gap", "gap"),
    percent_column("at fit %", "fitted_test_error"),
)


def corruption_table(db: Database) -> Table:
    """The view `corruption` in the paper's order of models, with the curves of figure 1c."""
    found = db.table(_QUERY)
    records = found.records()
    add_settings_label(records)
    curves = _curves(records)
    diverged = any(r["diverged"] for r in records)
    return Table.of(
        "corruption",
        records,
        found.columns,
        title="Error against label corruption p, at the end of training",
        layout=_LAYOUT,
        notes=[
            "fitted: how many of the seeds reached training error 0",
            "at fit: their test error at the first epoch with training error 0",
            *(["errors: means over those seeds that did not diverge"] * diverged),
            *(["the curves of figure 1c: test error (%) over trials that ended"] * bool(curves)),
        ],
        plot=line_figure(curves, "p", "test error %", x_end=1.0, y_end=100.0) if curves else None,
        sql=_SQL,
    )


def _curves(records: Sequence[Record]) -> list[Curve]:
    """Test error against p where there are at least three points to connect."""
    points: dict[str, list[tuple[float, float]]] = {}
    for record, dataset in zip(records, dataset_labels(records), strict=True):
        parts = [dataset, *(c.of(record).text for c in (MODEL, REGULARIZER, SETTINGS))]
        curve = points.setdefault(" ".join(p for p in parts if p not in ("", "none")), [])
        curve.append((record["corruption"], 100 * record["test_error"]))
    return [
        Curve(name, [x for x, _ in curve], [y for _, y in curve])
        for name, curve in points.items()
        if len(curve) >= 3
    ]
