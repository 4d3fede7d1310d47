"""The axes of a Vega-Lite chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gensweep.analysis.tables.figure import Axis

# How axes look; the page's style says which colours these are in the light and in the dark.
CONFIG: Mapping[str, Any] = {
    "background": None,
    "font": "inherit",
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--rule)",
        "tickColor": "var(--rule)",
        "gridColor": "var(--grid)",
        "labelColor": "var(--muted)",
        "titleColor": "var(--text)",
        "labelFontSize": 12,
        "titleFontSize": 12.5,
        "titleFontWeight": 500,
        "titlePadding": 8,
        "labelFlush": False,
    },
}

# On a log axis, numbers far from 1 as powers of ten: 0.000001 would stand in its title.
_POWERS = (
    "datum.value && (abs(datum.value) < 0.001 || abs(datum.value) >= 100000)"
    " ? format(datum.value, '~e') : format(datum.value, ',~g')"
)
# About every 75 pixels on the x axis, every 48 on the y axis.
_TICKS = {"x": "ceil(width / 75)", "y": "ceil(height / 48)"}


def position(field: str, axis: Axis, values: Sequence[float | None]) -> dict[str, Any]:
    """The encoding of x or y. Limits that are not given are those of the data, rounded."""
    there = [v for v in values if v is not None] or [1.0, 10.0]
    start, end = min(there), max(there)
    if start == end:
        start, end = (start / 2, end * 2) if axis.log else (start - 0.5, end + 0.5)
    start = start if axis.start is None else axis.start
    end = end if axis.end is None else axis.end
    scale = {
        "type": "log" if axis.log else "linear",
        "domain": [start, end],
        "nice": not axis.log and axis.end is None,
    }
    ticks: dict[str, Any] = {"tickCount": {"expr": _TICKS[field]}}
    if all(float(value).is_integer() for value in there):
        most = max(1, int(end - start))  # there is no half epoch
        ticks = {"tickCount": {"expr": f"min({_TICKS[field]}, {most})"}}
    if axis.log:
        ticks = {"labelOverlap": "greedy", "labelExpr": _POWERS}
    about = {"title": axis.label, "axis": ticks, "scale": scale}
    return {"field": field, "type": "quantitative", **about}
