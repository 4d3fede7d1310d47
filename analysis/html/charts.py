"""A figure as Vega-Lite charts, one a panel, so that they can stand side by side or stacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gensweep.analysis.html.points import points_of
from gensweep.analysis.html.series import Series, keyed, series_of
from gensweep.analysis.html.spec import Spec, about, panel_spec
from gensweep.analysis.html.thinning import most_of_each
from gensweep.analysis.tables.figure import Figure, Panel

MOST_NAMES = 12  # that are read out of a chart's curves


@dataclass(frozen=True)
class Chart:
    """One panel: its heading, what is said to those who do not see it, and what is drawn."""

    title: str
    alt: str
    spec: Spec


@dataclass(frozen=True)
class Charts:
    """The panels of a figure, their common legend, and what had to be left out of them."""

    legend: Sequence[Series]
    panels: Sequence[Chart]
    notes: Sequence[str]


def charts(figure: Figure) -> Charts:
    found = series_of(figure)
    legend = list(found.values())
    number = {key: index for index, key in enumerate(found)}
    most = most_of_each(sum(len(panel.curves) for panel in figure.panels))
    panels, notes = [], []
    for panel in figure.panels:
        points = [
            points_of(curve, number[key], panel.x, panel.y, most)
            for key, curve in keyed(panel.curves)
        ]
        notes += [note for drawn in points for note in drawn.notes]
        spec = panel_spec(panel, points, legend)
        panels.append(Chart(panel.title, _alt(panel, figure.title), spec))
    return Charts(legend, panels, list(dict.fromkeys(notes)))


def _alt(panel: Panel, title: str) -> str:
    """What a screen reader says instead of the picture."""
    names = [c.name + (" (paper)" if c.source == "paper" else "") for c in panel.curves]
    more = f"; and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{panel.title or title}: {about(panel)}. Series: {'; '.join(names[:MOST_NAMES])}{more}"
