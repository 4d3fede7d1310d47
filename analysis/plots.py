"""Plots made of characters, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MARKERS = ("●", "▲", "■", "◆", "✕", "○", "△", "□")
_COLORS = ("blue", "orange", "green", "magenta", "cyan", "red", "gray", "white")
HEIGHT = 18


@dataclass(frozen=True)
class Series:
    """A named curve; x ascending."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def line_plot(
    series: Sequence[Series], width: int, x_label: str, y_label: str, color: bool = False
) -> str:
    """Curves with a marker of their own each, so that they can be told apart without colour.

    Returns lines of at most `width` characters.
    """
    import plotext  # slow to load, and most commands draw nothing

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(min(width, 100), HEIGHT)
    for index, curve in enumerate(series):
        plotext.plot(
            list(curve.x),
            list(curve.y),
            label=curve.name,
            marker=_MARKERS[index % len(_MARKERS)],
            color=_COLORS[index % len(_COLORS)] if color else None,
        )
    plotext.xlabel(x_label)
    plotext.ylabel(y_label)
    text: str = plotext.build()
    return text if color else plotext.uncolorize(text)
