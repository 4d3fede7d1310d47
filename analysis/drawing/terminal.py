"""Figures made of characters, for a terminal."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator, Sequence
from functools import partial
from textwrap import wrap
from typing import Any

import plotille

from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel

# One per curve, and never the same twice; ^ and D are kept for bounds and for the paper.
MARKERS = "ox#+*@%&" + "".join(c for c in string.ascii_letters if c not in "oxD")
PAPER, BOUND = "D", "^"
_UNBROKEN = "\u00a0"
_MARGIN = 16  # columns for the numbers beside the plot
_ROWS = 20  # so that a scale of 0 to 100 has a row for every 5
_MARKS = 25  # the most on one curve
# From tick to tick, times a power of ten.
_NICE = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 8.0, 10.0, 15.0)


def terminal(figure: Figure, width: int, rows: int = _ROWS, compact: bool = False) -> str:
    """Every panel, one below the other, in lines of at most `width` characters, from 40.

    Curves have a marker of their own each, so that they can be told apart without colour.
    rows:    the height of a plot, without its axis and legend.
    compact: the legend stands in a line.
    """
    parts = []
    for panel in figure.panels:
        lines = [panel.title] if panel.title else []
        lines += _canvas(panel, width, rows)
        legend = [*_legend(panel, figure)]
        if compact:  # broken between entries alone
            lines.append("  ".join(entry.replace(" ", _UNBROKEN) for entry in legend))
        else:
            lines += ["", "Legend:", "-------", *legend]
        parts += [*(short for line in lines for short in _within(line, width)), ""]
    return "\n".join(parts[:-1]).replace(_UNBROKEN, " ")


def _canvas(panel: Panel, width: int, rows: int) -> list[str]:
    plot = plotille.Figure()
    plot.with_colors = False
    plot.width = 50 if width >= 50 + _MARGIN else 20  # ticks stand at every tenth column
    plot.height = rows
    plot.x_label, plot.y_label = panel.x.label, panel.y.label
    stretch = 1 + 0.3 / min(plot.width, 2 * rows)  # so that no point at an end is cut off
    xs = [x for c in panel.curves for x in c.x]
    ys = [y for c in panel.curves for y in c.y if y is not None]
    left, right = _ends(panel.x, xs, plot.width // 10)
    bottom, top = _ends(panel.y, ys, rows)
    plot.set_x_limits(left, left + (right - left) * stretch)
    plot.set_y_limits(bottom, bottom + (top - bottom) * stretch)
    plot.x_ticks_fkt = partial(_tick, start=left, stretch=stretch, log=panel.x.log)
    plot.y_ticks_fkt = partial(_tick, start=bottom, stretch=stretch, log=panel.y.log)
    for curve, marker in _marked(panel):
        _draw(plot, panel, curve, marker, row=(top - bottom) / rows)
    text: str = plot.show()
    lines = [line.rstrip("\u2800 ") for line in text.splitlines()]
    if len(lines[-2]) > width:  # no room beside the axis for what it is
        lines[-2], label = lines[-2].split(" ", 1)
        lines.append(" " * _MARGIN + label)
    return lines


def _draw(plot: Any, panel: Panel, curve: Curve, marker: str, row: float) -> None:
    """row: the height of a line of characters."""
    known = [i for i, y in enumerate(curve.y) if y is not None]
    x = [_placed(panel.x, curve.x[i]) for i in known]
    y = [_placed(panel.y, curve.y[i] or 0.0) for i in known]
    if curve.kind == "line":
        plot.plot(x, y)
    every = -(-len(x) // _MARKS) or 1
    plot.scatter(x[::every], y[::every], marker=marker)
    if curve.hollow and curve.at_least:
        bounds = [j for j, i in enumerate(known) if curve.hollow[i]]
        plot.scatter([x[j] for j in bounds], [y[j] + row for j in bounds], marker=BOUND)


def _marked(panel: Panel) -> Iterator[tuple[Curve, str]]:
    """The curves that there are markers for; the paper's numbers share one, on top of ours."""
    yield from zip((c for c in panel.curves if c.source == "ours"), MARKERS, strict=False)
    yield from ((c, PAPER) for c in panel.curves if c.source == "paper")


def _legend(panel: Panel, figure: Figure) -> Iterator[str]:
    for curve, marker in _marked(panel):
        if marker != PAPER:
            yield f"⠤{marker}⠤ {curve.name}" if curve.kind == "line" else f" {marker}  {curve.name}"
    if any(c.source == "paper" for c in panel.curves):
        yield f" {PAPER}  paper"
    if any(c.at_least and any(c.hollow or ()) for c in panel.curves):
        yield f" {BOUND}  {figure.hollow}"
    left = sum(c.source == "ours" for c in panel.curves) - len(MARKERS)
    if left > 0:
        yield f"    and {left} more that are not drawn"


def _within(line: str, width: int) -> list[str]:
    """A line as it is, or broken at spaces where it is too wide."""
    if len(line) <= width:
        return [line]
    return wrap(line, width, subsequent_indent="    ", break_on_hyphens=False)


def _placed(axis: Axis, value: float) -> float:
    return math.log10(value) if axis.log else value


def _ends(axis: Axis, values: Sequence[float], ticks: int) -> tuple[float, float]:
    """Where an axis begins and ends, so that ticks have round numbers where it is free to."""
    placed = [_placed(axis, value) for value in values] or [0.0]
    least = min(placed) if axis.start is None else _placed(axis, axis.start)
    if axis.end is not None:
        return least, _placed(axis, axis.end)
    most = max(placed)
    if most - least <= 1e-9 * abs(most):  # ticks between them would be no different numbers
        return least, max(most, least + 1)
    unit = 10.0 ** math.floor(math.log10((most - least) / ticks))
    for step in (unit * n for n in _NICE):
        start = step * math.floor(least / step) if axis.start is None else least
        if start + ticks * step >= most - 1e-6 * step:
            break
    return start, start + ticks * step


def _tick(value: float, after: float, *, start: float, stretch: float, log: bool) -> str:
    """A number on an axis: with as many decimals as tell it from the next tick's."""
    here, step = start + (value - start) / stretch, (after - value) / stretch
    if log:
        return f"{10**here:.2g}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{here:.{decimals + (abs(step - round(step, decimals)) > 1e-6 * step)}f}"
