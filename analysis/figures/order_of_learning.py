"""The order of learning: what is true before what is not?"""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures.series import (
    AS_FAR,
    OVER_SEEDS,
    Record,
    by_model,
    curve,
)
from gensweep.analysis.tables.figure import Axis, Figure, Panel
from gensweep.analysis.tables.groups import split
from gensweep.analysis.tables.labels import MODELS_IN_ORDER, OTHERS_IN_ORDER, REGULARIZERS_IN_ORDER

MOST = 3  # values of p that are drawn per setting

_QUERY = f"""
from order_of_learning
where seeds = all_seeds and corruption < 1
order by {MODELS_IN_ORDER}, {REGULARIZERS_IN_ORDER}, {OTHERS_IN_ORDER}, corruption, epoch
""".strip()
_CURVES = {
    "unchanged labels, learned": "clean_learned",
    "changed labels, memorized": "memorized",
    "changed labels, truth predicted": "recovered",
}


def order_of_learning(db: Database) -> Figure:
    """The share of unchanged and of changed examples that are learned, against epochs; a panel
    per model and p. Of many values of p, the lowest, the middle one and the highest.
    """
    records = db.table(_QUERY).records()
    panels, left_out = [], False
    for name, group in by_model(records):
        each = list(split(group, "corruption"))
        left_out = left_out or len(each) > MOST
        shown = each if len(each) <= MOST else [each[0], each[len(each) // 2], each[-1]]
        panels += [_panel(name, points) for points in shown]
    notes = [f"{OVER_SEEDS}; {AS_FAR}"]
    if left_out:
        notes.append("of more than three values of p: the lowest, the middle and the highest")
    return Figure(
        "order_of_learning",
        "Order of learning: true labels before false ones?",
        panels,
        _QUERY,
        notes,
        needs="trials of partial_labels with 0 < p < 1",
    )


def _panel(name: str, points: list[Record]) -> Panel:
    curves = [curve(label, points, "epoch", c, scale=100) for label, c in _CURVES.items()]
    title = f"{name}, p = {points[0]['corruption']:g}, {points[0]['dataset']}"
    x, y = Axis("epoch", start=0.0), Axis("share of examples (%)", start=0.0, end=100.0)
    return Panel(x, y, curves, title)
