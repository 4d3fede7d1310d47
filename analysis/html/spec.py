"""A panel of a figure as a Vega-Lite chart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gensweep.analysis.html.axes import position
from gensweep.analysis.html.points import Points
from gensweep.analysis.html.series import DASHES, Series
from gensweep.analysis.tables.figure import Panel

HEIGHT = 290  # pixels

Spec = dict[str, Any]

_HEIGHTS = ("y", "low", "high")
_INTERVAL = {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}


def panel_spec(panel: Panel, drawn: Sequence[Points], legend: Sequence[Series]) -> Spec:
    """A Vega-Lite chart as wide as its place. Series are numbers: the legend's.

    The axes stay as they are when a series is hidden, so that what is left can be compared.
    """
    rows = [row for points in drawn for row in points.rows]
    lined = [p.series for p in drawn if legend[p.series].line]
    banded = [p.series for p in drawn if p.series in lined and p.has_interval]
    barred = [p.series for p in drawn if p.series not in lined and p.has_interval]
    colour = {"color": _look(legend, _colour)}
    interval = {**colour, **_INTERVAL}
    dashed = {**colour, "strokeDash": _look(legend, _dashes)}
    arrow = {"text": "↑", "dy": -13, "fontSize": 14, "fontWeight": "bold"}
    layers = [
        _layer("area", _among(banded), interval, opacity=0.16, clip=True) if banded else None,
        _layer("rule", _among(barred), interval, strokeWidth=2, clip=True) if barred else None,
        _layer("line", _among(lined), dashed, strokeWidth=2, strokeJoin="round") if lined else None,
        _layer("point", "datum.m", _markers(legend), size=58, strokeWidth=1.6, opacity=1),
        _layer("text", "datum.up", colour, **arrow) if any("up" in row for row in rows) else None,
        _hover(panel, colour, bool(banded or barred)),
    ]
    return {
        "description": f"{panel.title}: {about(panel)}".removeprefix(": "),
        "width": "container",
        "height": HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "params": [
            {"name": "hidden", "value": []},
            {"name": "names", "value": [s.label for s in legend]},
        ],
        "data": {"values": rows},
        "transform": [{"filter": "indexof(hidden, datum.s) < 0"}],
        "encoding": {
            "x": position("x", panel.x, [row["x"] for row in rows]),
            "y": position("y", panel.y, [row[k] for row in rows for k in _HEIGHTS if k in row]),
        },
        "layer": [layer for layer in layers if layer],
    }


def about(panel: Panel) -> str:
    return f"{panel.y.label} against {panel.x.label}"


def _layer(mark: str, filter: str, encoding: Mapping[str, Any], **style: Any) -> Spec:
    return {
        "transform": [{"filter": filter}],
        "mark": {"type": mark, "aria": False, "tooltip": None, **style},
        "encoding": dict(encoding),
    }


def _among(numbers: Sequence[int]) -> str:
    return f"(indexof({list(numbers)}, datum.s) >= 0)"


def _look(legend: Sequence[Series], look: Callable[[Series], Any]) -> Spec:
    """An encoding from the number of a series to how it looks."""
    scale = {"domain": list(range(len(legend))), "range": [look(series) for series in legend]}
    return {"field": "s", "type": "nominal", "scale": scale, "legend": None}


def _colour(series: Series) -> str:
    return f"var(--series-{series.colour})"  # light or dark: the page's style knows


def _dashes(series: Series) -> list[int]:
    return list(DASHES) if series.dashed else [1, 0]


def _markers(legend: Sequence[Series]) -> Spec:
    colour = _look(legend, _colour)
    empty = {"test": "datum.o", "value": "var(--surface)"}
    return {
        "shape": _look(legend, lambda series: series.marker),
        "fill": {**colour, "condition": empty},
        "stroke": colour,
    }


def _hover(panel: Panel, colour: Spec, with_interval: bool) -> Spec:
    """The point nearest to the pointer or the finger, with its values."""
    near = {"type": "point", "on": "pointerover", "clear": "pointerout", "nearest": True}
    return {
        "transform": [{"filter": "isValid(datum.y)"}],
        "params": [{"name": "near", "select": {**near, "fields": ["s", "x"]}}],
        "mark": {"type": "circle", "size": 130, "aria": False},
        "encoding": {
            **colour,
            "opacity": {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0},
            "tooltip": {"value": {"expr": _said(panel, with_interval)}},
        },
    }


def _said(panel: Panel, with_interval: bool) -> str:
    """An expression for what stands beside a point.

    Written out, as Vega-Lite's own list of fields finds no text under the area of a point.
    """
    point = "(datum.datum || datum)"
    lines = {
        "series": f"names[{point}.s]",
        panel.x.label: f"format({point}.x, ',.7~r')",
        panel.y.label: f"format({point}.y, ',.4~r')",
    }
    if with_interval:
        low, high = (f"format({point}.{end}, ',.4~r')" for end in ("low", "high"))
        lines["interval"] = f"isValid({point}.low) ? {low} + ' to ' + {high} : '–'"
    return "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in lines.items()) + "}"
