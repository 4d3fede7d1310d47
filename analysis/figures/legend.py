"""The legend of a picture: every curve once, then the paper, then what hollow points are."""

from __future__ import annotations

from typing import Any

from matplotlib.lines import Line2D

from analysis.figures.figure import Figure
from analysis.figures.strokes import PAPER
from analysis.figures.styles import Style, dash, key


def legend_handles(figure: Figure, look: dict[str, Style]) -> list[Line2D]:
    curves = [c for panel in figure.panels for c in panel.curves]
    handles: dict[str, Line2D] = {}
    for c in (c for c in curves if c.source == "ours"):
        style = look[key(c)]
        line = dash(c, style) if c.kind == "line" else "none"
        handles[c.name] = _line(c.name, color=style.color, marker=style.marker, linestyle=line)
    if any(c.source == "paper" for c in curves):
        handles["paper"] = Line2D([], [], label="paper", **PAPER)
    if any(any(c.hollow or ()) for c in curves):
        grey = {"color": "#555555", "markerfacecolor": "white", "linestyle": "none"}
        handles["hollow"] = _line(figure.hollow, marker="o", **grey)
    return list(handles.values())


def _line(label: str, **style: Any) -> Line2D:
    return Line2D([], [], label=label, linewidth=1.1, markersize=4, markeredgewidth=0.9, **style)
