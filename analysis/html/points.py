"""The points of a curve as rows of a chart: few, finite and short."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gensweep.analysis.html.thinning import kept
from gensweep.analysis.tables.figure import Axis, Curve

FEW = 25  # points that all have a marker; longer curves have one here and there
MARKERS = 8


@dataclass(frozen=True)
class Points:
    """A curve's rows: `s` its number in the legend, `x`, `y`, `low` and `high`; `m` whether it
    has a marker, `o` whether that is hollow, `up` whether it is a lower bound."""

    series: int
    rows: Sequence[dict[str, Any]]
    has_interval: bool
    notes: Sequence[str]


def points_of(curve: Curve, number: int, x_axis: Axis, y_axis: Axis, most: int) -> Points:
    """At most so many points; what an axis cannot show is a gap. Notes say what is not there."""
    notes: list[str] = []
    steady = [i for i, x in enumerate(curve.x) if _fits(x, x_axis)]
    x = [curve.x[i] for i in steady]
    y, low, high = (
        [_value(values[i], y_axis) if values else None for i in steady]
        for values in (curve.y, curve.low, curve.high)
    )
    hidden = sum(1 for i, v in zip(steady, y, strict=True) if v is None and curve.y[i] is not None)
    if hidden + len(curve.x) - len(steady):
        notes.append("points that a logarithmic axis cannot show, such as 0, are left out")
    if y_axis.log and any(value is not None for value in y):
        least = min(value for value in y if value is not None)
        low = [least if a is None and b is not None else a for a, b in zip(low, high, strict=True)]
    shown = kept(x, [y, low, high], x_axis.log, most)
    if len(shown) < len(x):
        notes.append(
            f"curves of more than {most} points are drawn with the greatest and the least of "
            "each stretch"
        )
    marked = _marked([x[i] for i in shown], [y[i] for i in shown], curve, x_axis.log)
    rows = []
    for place, i in enumerate(shown):
        row: dict[str, Any] = {"s": number, "x": _short(x[i], 9), "y": _short(y[i], 5)}
        if low[i] is not None and high[i] is not None:
            row |= {"low": _short(low[i], 5), "high": _short(high[i], 5)}
        hollow = bool(curve.hollow and curve.hollow[steady[i]])
        if place in marked or hollow:
            row["m"] = 1
        if hollow or curve.source == "paper":
            row["o"] = 1
        if hollow and curve.at_least:
            row["up"] = 1
        rows.append(row)
    return Points(number, rows, any("low" in row for row in rows), notes)


def _fits(value: float, axis: Axis) -> bool:
    return math.isfinite(value) and (value > 0 or not axis.log)


def _value(value: float | None, axis: Axis) -> float | None:
    return value if value is not None and _fits(value, axis) else None


def _short(value: float | None, digits: int) -> float | None:
    """Without digits that nobody can see; whole numbers as such."""
    if value is None:
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded


def _marked(x: Sequence[float], y: Sequence[float | None], curve: Curve, log: bool) -> set[int]:
    """Which points have a marker: all of few, else some along the axis; and those that stand
    alone, where no line shows them."""
    if curve.kind == "points" or len(x) <= FEW:
        return set(range(len(x)))
    place = [math.log(v) for v in x] if log else list(x)
    at = [place[0] + (place[-1] - place[0]) * step / (MARKERS - 1) for step in range(MARKERS)]
    spread = {min(range(len(x)), key=lambda i: abs(place[i] - a)) for a in at}
    around = [None, *y, None]
    alone = {i for i in range(len(x)) if around[i] is None and around[i + 2] is None}
    return spread | alone
