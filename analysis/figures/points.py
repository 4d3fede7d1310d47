"""A figure's points as rows."""

from __future__ import annotations

from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.tables.figure import Figure
from gensweep.analysis.tables.table import Table

_COLUMNS = ("panel", "curve", "source", "x", "y", "low", "high", "hollow")


def points_table(figure: Figure) -> Table:
    """Every point of every curve, in the units of the axes."""
    rows = []
    for panel in figure.panels:
        for c in panel.curves:
            nothing = [None] * len(c.x)
            ends = c.low or nothing, c.high or nothing
            for x, y, low, high, hollow in zip(
                c.x, c.y, *ends, c.hollow or [False] * len(c.x), strict=True
            ):
                rows.append([panel.title, c.name, c.source, x, y, low, high, hollow])
    return Table(figure.name, _COLUMNS, rows, notes=figure.notes, sql=figure.sql)


def refuse_empty(figure: Figure) -> None:
    """Raises QueryError, which says what is missing, where there is nothing of ours to draw."""
    if figure.empty:
        what = f"there is nothing to draw; it needs {figure.needs}"
        left = [note for note in figure.notes if "not drawn" in note]
        raise QueryError(figure.name, "; ".join([what, *left]))
