"""Figures 2a and 2b: accuracies during training, with and without regularizers or batch norm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

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
from gensweep.analysis.tables.labels import MODELS_IN_ORDER, OTHERS_IN_ORDER

_QUERY = f"""
select *, in_the_paper(regularizer) as regularizers
from learning_curves
where seeds = all_seeds and randomization = 'true_labels' and {{where}}
order by {MODELS_IN_ORDER}, {{then}}{OTHERS_IN_ORDER}, epoch
""".strip()
_QUERY_2A = _QUERY.format(
    where="like_imagenet(dataset)", then="regularizer = 'none', regularizer, "
)
_QUERY_2B = _QUERY.format(where="regularizer = 'none'", then="")
_OVER_SEEDS = f"{OVER_SEEDS}; {AS_FAR}"


def figure_2a(db: Database) -> Figure:
    """What do explicit regularizers and early stopping gain on ImageNet, or on another dataset
    that table 2's rows can be asked of? A panel per dataset and model.
    """
    records = db.table(_QUERY_2A).records()
    datasets = dict.fromkeys(record["dataset"] for record in records) or ["imagenet"]

    def label(record: Record) -> str:
        return "no regularizer" if record["regularizer"] == "none" else record["regularizers"]

    return Figure(
        "figure_2a",
        f"Figure 2a: accuracy on {' and '.join(datasets)} with and without regularizers",
        [
            _panel(group, panel_title(group[0]), (*MODEL, "regularizer"), label, best=True)
            for group in split(records, *MODEL)
        ],
        _QUERY_2A,
        [
            _OVER_SEEDS,
            "shaded up to the best test accuracy so far: what early stopping could have gained",
        ],
        needs="trials of imagenet, or of another dataset of photographs, on true labels,"
        " with and without regularizers",
    )


def figure_2b(db: Database) -> Figure:
    """What does batch normalization gain? A panel per model that was trained with and without."""
    records = db.table(_QUERY_2B).records()

    def label(record: Record) -> str:
        return "with BN" if record["batch_norm"] else "without BN"

    return Figure(
        "figure_2b",
        "Figure 2b: accuracy with and without batch normalization",
        [
            _panel(group, f"{group[0]['model']}, {group[0]['dataset']}", MODEL, label)
            for group in split(records, "dataset", "model")
            if len({record["batch_norm"] for record in group}) == 2
        ],
        _QUERY_2B,
        [_OVER_SEEDS],
        needs="trials of inception on true labels without regularizers,"
        " with batch normalization and without",
    )


def _panel(
    records: Sequence[Record],
    title: str,
    group_by: Sequence[str],
    label: Callable[[Record], str],
    best: bool = False,
) -> Panel:
    """Train (dashed) and test accuracy, per `group_by` and settings; with `best`, the best test
    accuracy so far too.
    """
    curves: list[Curve] = []
    for group, settings in by_setting(records, group_by):
        curves += _curves(name_of(label(group[0]), settings), group, best)
    x, y = Axis("thousand steps", start=0.0), Axis("accuracy (%)", start=0.0, end=100.0)
    return Panel(x, y, curves, title)


def _curves(name: str, records: list[Record], best: bool) -> Iterator[Curve]:
    def draw(what: str, column: str, dashed: bool = False) -> Curve:
        scales = {"x_scale": 1e-3, "scale": 100.0}
        label = f"{name}: {what}"
        return curve(label, records, "step", column, **scales, flip=True, group=name, dashed=dashed)

    yield draw("train", "train_error", dashed=True)
    test = draw("test", "test_error")
    yield test
    if best:  # the shade between the two is what early stopping could have gained
        so_far = draw("best test so far", "best_test_error")
        yield replace(so_far, low=test.y, high=so_far.y, dotted=True)
