"""How the curves of a figure are told apart: by colour, by marker and by dashes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gensweep.analysis.tables.figure import Curve, Figure

# Okabe and Ito's colours, which most colour-blind people tell apart, in the order of use; each a
# little darker on white and a little lighter on black where it would be hard to see.
LIGHT = ("#0072B2", "#C75000", "#008460", "#B0608A", "#A87000", "#2A86C4", "#4A4A4A")
DARK = ("#3D9BDC", "#F07832", "#1FBF92", "#DA92B8", "#E8A91F", "#8CCBF2", "#C8C8C8")
MARKERS = ("circle", "square", "triangle-up", "cross", "triangle-down", "triangle-right")
PAPER = "diamond"
SHAPES = {  # the markers as paths about the origin, for the legend
    "circle": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
    "square": "M-3.5 -3.5h7v7h-7Z",
    "triangle-up": "M0 -4.2L4.4 3.6H-4.4Z",
    "cross": "M-1.6 -4.4h3.2v2.8h2.8v3.2h-2.8v2.8h-3.2v-2.8h-2.8v-3.2h2.8Z",
    "triangle-down": "M0 4.2L4.4 -3.6H-4.4Z",
    "triangle-right": "M4.2 0L-3.6 4.4V-4.4Z",
    "diamond": "M0 -5L5 0L0 5L-5 0Z",
}
DASHES = (5, 3)

_Key = tuple[str, str, int]


@dataclass(frozen=True)
class Series:
    """A line of the legend. colour: index of LIGHT and DARK."""

    name: str
    colour: int
    marker: str
    dashed: bool
    line: bool
    paper: bool

    @property
    def label(self) -> str:
        said = not self.paper or "paper" in self.name
        return self.name if said else f"{self.name} (paper)"


def keyed(curves: Sequence[Curve]) -> Iterator[tuple[_Key, Curve]]:
    """Each curve of a panel, with what tells it from the others and not from other panels'."""
    seen: dict[tuple[str, str], int] = {}
    for curve in curves:
        same = (curve.name, curve.source)
        seen[same] = seen.get(same, -1) + 1
        yield (*same, seen[same]), curve


def series_of(figure: Figure) -> dict[_Key, Series]:
    """The legend of a figure: curves of one name are one series in all of its panels."""
    found: dict[_Key, Series] = {}
    groups: dict[str, int] = {}
    for panel in figure.panels:
        for key, curve in keyed(panel.curves):
            group = groups.setdefault(curve.group or curve.name, len(groups))
            paper = curve.source == "paper"
            found.setdefault(
                key,
                Series(
                    name=curve.name,
                    colour=group % len(LIGHT),
                    marker=PAPER if paper else MARKERS[group % len(MARKERS)],
                    dashed=curve.dashed or (paper and curve.kind == "line"),
                    line=curve.kind == "line",
                    paper=paper,
                ),
            )
    return found
