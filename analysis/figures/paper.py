"""The paper's numbers in the figures, for the models that are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gensweep.analysis.database.paper_numbers import CERTAINTY, Number, paper_numbers
from gensweep.analysis.figures.series import Record
from gensweep.analysis.tables.figure import Curve
from gensweep.trainables.models import model_label

_P = {"true_labels": 0.0, "random_labels": 1.0}


def numbers_of(
    drawn: Mapping[str, Sequence[Record]], source: str, metric: str
) -> dict[str, list[Number]]:
    """The paper's numbers without regularizers on CIFAR-10, by the curve they belong to."""
    curves: dict[tuple[str, str, bool], str] = {}
    for name, (first, *_) in drawn.items():
        if first["regularizer"] == "none":
            curves.setdefault((first["dataset"], first["model"], first["batch_norm"]), name)
    found: dict[str, list[Number]] = {}
    for n in paper_numbers():
        of_it = (n.source, n.metric, n.regularizer) == (source, metric, "none")
        curve = curves.get((n.dataset, n.model, bool(n.batch_norm)))
        if of_it and curve and n.randomization in _P and n.value is not None:
            found.setdefault(curve, []).append(n)
    return found


def points(drawn: Mapping[str, Sequence[Record]], source: str, metric: str) -> list[Curve]:
    """In per cent, against p."""
    return [
        Curve(
            f"paper, {model_label(numbers[0].model, bool(numbers[0].batch_norm))}",
            [_P[n.randomization or ""] for n in numbers],
            [100 * (n.value or 0.0) for n in numbers],
            kind="points",
            source="paper",
            group=curve,
        )
        for curve, numbers in numbers_of(drawn, source, metric).items()
    ]


def sayings(drawn: Mapping[str, Sequence[Record]], source: str, metric: str) -> Iterator[str]:
    """The same in words, such as `paper: ≲ 4 at p = 1 [N] (second-hand notes …)`."""
    for n in (n for numbers in numbers_of(drawn, source, metric).values() for n in numbers):
        place = f"{n.printed} at p = {_P[n.randomization or '']:g}"
        yield f"paper: {place} [{n.certainty}] ({CERTAINTY[n.certainty]})"


def certainties(drawn: Mapping[str, Sequence[Record]], source: str, metric: str) -> Iterator[str]:
    """How sure we are of the points."""
    found = numbers_of(drawn, source, metric).values()
    for mark in sorted({n.certainty for numbers in found for n in numbers}):
        yield f"paper: {source.replace('_', ' ')} [{mark}], {CERTAINTY[mark]}"
