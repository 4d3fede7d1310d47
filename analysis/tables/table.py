"""A result: named columns, rows, and how a person should see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from gensweep.analysis.tables.figure import Figure

Row = Sequence[Any]

_HEADINGS = {"corruption": "p", "randomization": "data", "regularizer": "reg."}


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    name:    what machine-readable formats call it.
    title:   what a person reads above it.
    show:    per column, how a value is written for a person; data formats ignore it.
    notes:   lines a person reads below it.
    plot:    the curves that a terminal draws below the rows, where a picture says more.
    sql:     the query that shows these rows, or those they are made of.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]
    title: str = ""
    show: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    plot: Figure | None = None
    sql: str = ""

    def records(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def in_brief(table: Table, most: int, whole: str) -> Table:
    """Its first rows; of the others, how many there are and what shows them all."""
    if len(table.rows) <= most:
        return table
    note = f"and {len(table.rows) - most} more rows: {whole}"
    return replace(table, rows=table.rows[:most], notes=[note, *table.notes])


def without_empty(
    columns: Sequence[str], rows: Sequence[Row], droppable: Sequence[str]
) -> tuple[list[str], list[Row]]:
    """Leave out those of the droppable columns that say nothing in any row."""
    kept = [i for i, c in enumerate(columns) if c not in droppable or any(row[i] for row in rows)]
    return [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]


def heading(column: str) -> str:
    """What stands above a column for a person."""
    return _HEADINGS.get(column, column.replace("_", " "))


def is_numeric(table: Table, index: int) -> bool:
    """Whether a column has numbers, or such as are written out already, and so is set right."""
    written_out = table.show.get(table.columns[index]) is str
    return written_out or all(
        isinstance(row[index], int | float | Decimal | None) for row in table.rows
    )


def shown(table: Table, row: Row) -> list[str]:
    """A row's cells as a person reads them."""
    return [
        table.show[column](value) if column in table.show and value is not None else plain(value)
        for column, value in zip(table.columns, row, strict=True)
    ]


def plain(value: Any) -> str:
    """A value as a person reads it where nothing more is known of it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        whole = 1e3 <= abs(value) < 1e15  # written out, not as 2.5e+04
        return f"{value:.0f}" if whole else f"{value:.4g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)
