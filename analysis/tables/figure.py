"""A figure: named curves over two axes. It knows neither terminal, nor paper, nor browser.

What a person reads of it is safe to show, wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gensweep.trainables.shown import line


def _make_safe(part: Any, name: str) -> None:
    object.__setattr__(part, name, line(getattr(part, name)))


_MOST = 1e100  # drawing takes differences, which must not overflow


@dataclass(frozen=True)
class Axis:
    """label: with its unit, such as `test error (%)`. start, end: limits; None fits the data."""

    label: str
    log: bool = False
    start: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        _make_safe(self, "label")


@dataclass(frozen=True)
class Curve:
    """Points in ascending x; None in y is a gap, and so is what no axis reaches.

    low, high: the ends of an interval around each point (a band about a line, a bar at a point);
               None where there is none, as with one seed.
    kind:      a line, or points that nothing connects.
    source:    ours, or the paper's number.
    group:     curves of one group share a colour and a marker, as training and test do, and the
               paper's number with ours. By default a curve is alone.
    dashed:    tells the curves of a group apart.
    dotted:    thin and without markers: what bounds another curve.
    hollow:    which points are not quite what the axis says; `Figure.hollow` says what they are.
    at_least:  whether hollow points are lower bounds, from which an arrow points up.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None
    kind: Literal["line", "points"] = "line"
    source: Literal["ours", "paper"] = "ours"
    group: str = ""
    dashed: bool = False
    dotted: bool = False
    hollow: Sequence[bool] | None = None
    at_least: bool = False

    def __post_init__(self) -> None:
        """A loss may be infinite, and results may hold any number."""
        _make_safe(self, "name")
        for name in ("y", "low", "high"):
            values: Sequence[float | None] | None = getattr(self, name)
            if values is not None and not all(v is None or abs(v) < _MOST for v in values):
                known = [v if v is not None and abs(v) < _MOST else None for v in values]
                object.__setattr__(self, name, known)
        if not all(abs(x) < _MOST for x in self.x):
            kept = [i for i, x in enumerate(self.x) if abs(x) < _MOST]
            for name in ("x", "y", "low", "high", "hollow"):
                if (column := getattr(self, name)) is not None:
                    object.__setattr__(self, name, [column[i] for i in kept])


@dataclass(frozen=True)
class Panel:
    """Curves that share their axes."""

    x: Axis
    y: Axis
    curves: Sequence[Curve]
    title: str = ""

    def __post_init__(self) -> None:
        _make_safe(self, "title")


@dataclass(frozen=True)
class Figure:
    """One or more panels side by side.

    name:  what `gensweep plot` and `gensweep.Database.figure` call it, such as `figure_1b`.
    sql:   what its points come from, as `gensweep query` takes it.
    notes: what a reader has to know, a sentence each: means and intervals over what, what is
           missing and why.
    needs: which trials it is made of, for those who have none.
    hollow: what hollow points are, for the legend.
    """

    name: str
    title: str
    panels: Sequence[Panel]
    sql: str
    notes: Sequence[str] = field(default_factory=tuple)
    needs: str = ""
    hollow: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing of ours to draw."""
        return not any(c.x for p in self.panels for c in p.curves if c.source == "ours")


def line_figure(
    curves: Sequence[Curve], x_label: str, y_label: str, *, x_end: float, y_end: float
) -> Figure:
    """Curves alone, as one panel whose axes begin at 0."""
    axes = Axis(x_label, start=0.0, end=x_end), Axis(y_label, start=0.0, end=y_end)
    return Figure("", "", [Panel(*axes, curves)], "")
