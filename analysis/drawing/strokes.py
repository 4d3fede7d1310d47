"""A curve on matplotlib's axes: its interval, line, markers and arrows."""

from __future__ import annotations

import math
from typing import Any

from gensweep.analysis.drawing.styles import Style, dash, key
from gensweep.analysis.tables.figure import Curve

FEW = 15  # up to as many points have a marker and a bar each; more have a band
_MARKS = 7  # on a curve of more points, in places of its own
PAPER: dict[str, Any] = {
    "marker": "D",
    "markersize": 5.5,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "markeredgewidth": 1.0,
    "linestyle": "none",
}


def stroke(place: Any, curve: Curve, look: dict[str, Style], number: int) -> None:
    """number: of the curve in its panel."""
    y = [math.nan if value is None else value for value in curve.y]
    style = look.get(key(curve))
    if curve.source == "paper":
        place.plot(curve.x, y, zorder=5, clip_on=False, **PAPER)
        if style:  # a dot within says whose number it is
            place.plot(curve.x, y, ".", color=style.color, markersize=2.5, zorder=5, clip_on=False)
        return
    assert style, "every curve of ours has a style"
    _interval(place, curve, style)
    if curve.kind == "line":
        width = 0.8 if curve.dotted else 1.1
        place.plot(curve.x, y, color=style.color, linestyle=dash(curve, style), linewidth=width)
    hollow = curve.hollow or [False] * len(curve.x)
    for i in () if curve.dotted else _marked(len(y), number):
        face = "white" if hollow[i] else style.color
        place.plot(
            curve.x[i : i + 1],
            y[i : i + 1],
            marker=style.marker,
            markersize=4,
            markerfacecolor=face,
            markeredgecolor=style.color,
            markeredgewidth=0.9,
            zorder=4,
            clip_on=False,
        )
        if hollow[i] and curve.at_least:
            up = {"arrowstyle": "<-", "color": style.color, "linewidth": 0.9, "shrinkB": 3}
            at = curve.x[i], y[i]
            place.annotate("", at, (0, 13), textcoords="offset points", arrowprops=up)


def _interval(place: Any, curve: Curve, style: Style) -> None:
    if curve.low is None or curve.high is None:
        return
    known = [
        (x, y, low, high)
        for x, y, low, high in zip(curve.x, curve.y, curve.low, curve.high, strict=True)
        if y is not None and low is not None and high is not None
    ]
    if not known:
        return
    x, y, low, high = zip(*known, strict=True)
    if curve.kind == "line" and len(curve.x) > FEW:
        place.fill_between(x, low, high, color=style.color, alpha=0.2, linewidth=0)
        return
    down = [middle - end for middle, end in zip(y, low, strict=True)]
    up = [end - middle for middle, end in zip(y, high, strict=True)]
    bars = {"ecolor": style.color, "elinewidth": 0.8, "capsize": 1.8, "capthick": 0.8}
    place.errorbar(x, y, yerr=(down, up), fmt="none", **bars)


def _marked(count: int, number: int) -> range:
    """Where a curve of `count` points has markers; next to those of its neighbours, not on them."""
    if count <= FEW:
        return range(count)
    step = count // _MARKS
    return range((number * step // 5) % step, count, step)
