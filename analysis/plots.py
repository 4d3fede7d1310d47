"""Plots made of characters, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import plotille

_MARKERS = "ox#+*@%&"
_MARGIN = 16  # columns for the numbers beside the plot
_ROWS = 20  # so that a scale of 0 to 100 has a row for every 5


@dataclass(frozen=True)
class Series:
    """A named curve; x ascending."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def line_plot(
    series: Sequence[Series],
    width: int,
    x_label: str,
    y_label: str,
    *,
    x_end: float,
    y_end: float,
) -> str:
    """Curves with a marker of their own each, so that they can be told apart without colour.

    Both axes begin at 0.
    Returns lines of at most `width` characters, for any width from 40.
    """
    figure = plotille.Figure()
    figure.with_colors = False
    figure.width = 50 if width >= 50 + _MARGIN else 20  # ticks stand at every tenth column
    figure.height = _ROWS
    figure.x_label, figure.y_label = x_label, y_label
    stretch = 1 + 0.3 / min(figure.width, 2 * _ROWS)  # so that no point at an end is cut off
    tick = partial(_tick, stretch=stretch)
    figure.register_label_formatter(float, tick)
    figure.register_label_formatter(int, tick)
    figure.set_x_limits(0.0, x_end * stretch)
    figure.set_y_limits(0.0, y_end * stretch)
    for index, curve in enumerate(series):
        marker = _MARKERS[index % len(_MARKERS)]
        figure.plot(list(curve.x), list(curve.y), marker=marker, label=curve.name)
    text: str = figure.show(legend=True)
    return "\n".join(line.rstrip("\u2800 ") for line in text.splitlines())


def _tick(value: float, chars: int, delta: float, left: bool = False, *, stretch: float) -> str:
    """A number on an axis; plotille passes the room there is and the axis' length."""
    text = f"{value / stretch:.1f}" if delta < 5 else f"{value / stretch:.0f}"
    return text.ljust(chars) if left else text.rjust(chars)
