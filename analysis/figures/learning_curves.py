"""Learning curves: training and test error, epoch by epoch."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures.series import (
    AS_FAR,
    MODEL,
    OVER_SEEDS,
    Record,
    by_setting,
    curve,
    name_of,
    panel_title,
)
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel
from gensweep.analysis.tables.groups import split
from gensweep.analysis.tables.labels import (
    MODELS_IN_ORDER,
    OTHERS_IN_ORDER,
    RANDOMIZATIONS_IN_ORDER,
    REGULARIZERS_IN_ORDER,
    in_words,
)

_GROUP_BY = (*MODEL, "randomization", "regularizer")
_QUERY = f"""
from learning_curves
where seeds = all_seeds and randomization <> 'partial_labels'
order by {MODELS_IN_ORDER}, {RANDOMIZATIONS_IN_ORDER}, {REGULARIZERS_IN_ORDER},
    {OTHERS_IN_ORDER}, epoch
""".strip()


def learning_curves(db: Database) -> Figure:
    """Training (dashed) and test error against epochs; a panel per model."""
    records = db.table(_QUERY).records()
    return Figure(
        "learning_curves",
        "Learning curves: training and test error",
        [_panel(panel_title(g[0]), g) for g in split(records, *MODEL)],
        _QUERY,
        [f"{OVER_SEEDS}; {AS_FAR}", "labels that are corrupted in part: see `order_of_learning`"],
        needs="trials with at least one epoch",
    )


def _panel(title: str, records: list[Record]) -> Panel:
    curves: list[Curve] = []
    for group, settings in by_setting(records, _GROUP_BY):
        name = name_of(in_words(group[0]["randomization"]), group[0]["regularizer"], settings)
        for what, figure in (("train", "train_error"), ("test", "test_error")):
            label, dashed = f"{name}: {what}", what == "train"
            curves.append(
                curve(label, group, "epoch", figure, scale=100, group=name, dashed=dashed)
            )
    x, y = Axis("epoch", start=0.0), Axis("error (%)", start=0.0, end=100.0)
    return Panel(x, y, curves, title)
