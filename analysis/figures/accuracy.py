"""Accuracies during training: what figures 2a and 2b draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from gensweep.analysis.figures.series import Record, by_setting, curve, name_of
from gensweep.analysis.tables.figure import Axis, Curve, Panel

X, Y = Axis("thousand steps", start=0.0), Axis("accuracy (%)", start=0.0, end=100.0)


def accuracy_panel(
    records: Sequence[Record],
    title: str,
    group_by: Sequence[str],
    label: Callable[[Record], str],
    best: bool = False,
) -> Panel:
    """Train (dashed) and test accuracy in per cent against thousands of steps, from rows of
    `learning_curves`, per `group_by` and settings; with `best`, the best test accuracy so far too.
    """
    curves: list[Curve] = []
    for group, settings in by_setting(records, group_by):
        curves += accuracies(name_of(label(group[0]), settings), group, best)
    return Panel(X, Y, curves, title)


def accuracies(name: str, records: list[Record], best: bool) -> Iterator[Curve]:
    def draw(what: str, figure: str, dashed: bool = False) -> Curve:
        return curve(
            f"{name}: {what}",
            records,
            "step",
            figure,
            x_scale=1e-3,
            scale=100,
            flip=True,
            group=name,
            dashed=dashed,
        )

    yield draw("train", "train_error", dashed=True)
    test = draw("test", "test_error")
    yield test
    if best:  # the shade between the two is what early stopping could have gained
        so_far = draw("best test so far", "best_test_error")
        yield replace(so_far, low=test.y, high=so_far.y, dotted=True)
