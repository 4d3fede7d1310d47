"""What the figures over label corruption share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gensweep.analysis.figures.series import Record, by_model
from gensweep.analysis.tables.figure import Axis, Curve

LEAST = 3  # values of p that make a curve
P = Axis("label corruption p", start=0.0, end=1.0)


def enough(points: Sequence[Record]) -> dict[str, list[Record]]:
    """The models with LEAST values of p, by name."""
    return {name: rows for name, rows in by_model(points) if len(rows) >= LEAST}


def too_few(records: Sequence[Record], drawn: Mapping[str, Sequence[Record]]) -> Iterator[str]:
    """A note on the other models of a dataset, if there are any."""
    others = [
        f"{name} on {rows[0]['dataset']}" for name, rows in by_model(records) if name not in drawn
    ]
    if others:
        yield f"fewer than {LEAST} values of p, not drawn: {'; '.join(others)}"


def hollow_notes(curves: Sequence[Curve], before: str, after: str) -> Iterator[str]:
    """Where each curve has hollow points, between two halves of a sentence."""
    for c in curves:
        hollow = zip(c.x, c.hollow or [False] * len(c.x), strict=True)
        if places := ", ".join(f"{x:g}" for x, is_hollow in hollow if is_hollow):
            yield f"{c.name}: {before} at p = {places}: {after}"
