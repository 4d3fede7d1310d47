"""The legend of a picture: every curve once, then the paper, then what hollow points are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.lines import Line2D

from gensweep.analysis.drawing.strokes import PAPER
from gensweep.analysis.drawing.styles import Style, dash, key
from gensweep.analysis.tables.figure import Figure

_HANDLE = 9  # letters that would fit where an entry's line is


def legend_handles(figure: Figure, look: dict[str, Style]) -> list[Line2D]:
    curves = [c for panel in figure.panels for c in panel.curves]
    handles: dict[str, Line2D] = {}
    for c in (c for c in curves if c.source == "ours"):
        style = look[key(c)]
        line = dash(c, style) if c.kind == "line" else "none"
        marker = "none" if c.dotted else style.marker
        handles[c.name] = _line(c.name, color=style.color, marker=marker, linestyle=line)
    if any(c.source == "paper" for c in curves):
        handles["paper"] = Line2D([], [], label="paper", **PAPER)
    if any(any(c.hollow or ()) for c in curves):
        grey = {"color": "#555555", "markerfacecolor": "white", "linestyle": "none"}
        handles["hollow"] = _line(figure.hollow, marker="o", **grey)
    return list(handles.values())


def columns_within(handles: Sequence[Line2D], letters: float) -> int:
    """The most columns that fit side by side, filled as matplotlib does: one after the other."""
    widths = [len(str(handle.get_label())) + _HANDLE for handle in handles]
    for count in range(len(widths), 1, -1):
        long, more = divmod(len(widths), count)
        ends = [long * (i + 1) + min(i + 1, more) for i in range(count)]
        columns = [widths[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        if sum(map(max, columns)) <= letters:
            return count
    return 1


def _line(label: str, **style: Any) -> Line2D:
    return Line2D([], [], label=label, linewidth=1.1, markersize=4, markeredgewidth=0.9, **style)
