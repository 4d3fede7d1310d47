"""A result: named columns, rows, and how a person should see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Sequence[Any]


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    name:    what machine-readable formats call it.
    title:   what a person reads above it.
    show:    per column, how a value is written for a person; data formats ignore it.
    notes:   lines a person reads below it.
    plot:    draws the table for a terminal of a given width, where a picture says more.
    sql:     the query that shows these rows, or those they are made of.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]
    title: str = ""
    show: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    plot: Callable[[int], str] | None = None
    sql: str = ""

    def records(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def without_empty(
    columns: Sequence[str], rows: Sequence[Row], droppable: Sequence[str]
) -> tuple[list[str], list[Row]]:
    """Leave out those of the droppable columns that say nothing in any row."""
    kept = [i for i, c in enumerate(columns) if c not in droppable or any(row[i] for row in rows)]
    return [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]
