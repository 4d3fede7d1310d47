"""A result: rows of bare values for programs, and the columns that a person reads of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Self

from gensweep.analysis.tables.column import Cell, Column, Record
from gensweep.analysis.tables.figure import Figure
from gensweep.trainables.shown import line, shown

Row = Sequence[Any]

_SHORT = {"corruption": "p", "randomization": "data", "regularizer": "reg."}
_UNBROKEN = ("trial_id", "sweep", "status", "interrupted", "model")


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    name:    what machine-readable formats call it.
    columns, rows: bare values, all that a program gets.
    title:   what a person reads above it.
    layout:  the columns that a person reads; by default the same, each value as it is.
    entries: the records that those are made of; by default the rows.
    notes:   lines a person reads below it.
    plot:    curves that a terminal draws below the rows, where a picture says more.
    sql:     the query that shows these rows, or those they are made of.
    prose:   the rows are sentences, of one column, which a person reads as text.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]
    title: str = ""
    layout: Sequence[Column] | None = None
    entries: Sequence[Record] | None = None
    notes: Sequence[str] = ()
    plot: Figure | None = None
    sql: str = ""
    prose: bool = False

    @classmethod
    def of(cls, name: str, records: Sequence[Record], columns: Sequence[str], **about: Any) -> Self:
        """Of records that know more than programs get: those under `columns`."""
        rows = [[record[column] for column in columns] for record in records]
        return cls(name, columns, rows, entries=records, **about)

    def records(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Formatted:
    """A table as a person reads it: the columns that say something, and a cell each in every row.

    right: which columns are set right.
    title: the table's, or else its name.
    prose: the cells of its one column are sentences.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    right: Sequence[bool]
    title: str
    notes: Sequence[str]
    prose: bool = False

    def texts(self) -> list[list[str]]:
        return [[cell.text for cell in row] for row in self.rows]

    def records(self) -> list[dict[str, str]]:
        names = [column.name for column in self.columns]
        return [dict(zip(names, texts, strict=True)) for texts in self.texts()]


def formatted(table: Table) -> Formatted:
    """What every format for people is made of."""
    layout, entries = table.layout, _entries(table)
    if layout is None:
        layout, entries = [_bare(i, name) for i, name in enumerate(table.columns)], table.rows
    cells = [[column.of(entry) for entry in entries] for column in layout]
    kept = [(c, own) for c, own in zip(layout, cells, strict=True) if c.is_kept(own)]
    rows = list(zip(*(own for _, own in kept), strict=True)) if kept else [()] * len(entries)
    right = [c.is_right(own) for c, own in kept]
    title, notes = line(table.title or table.name), [*map(shown, table.notes)]
    return Formatted([c for c, _ in kept], rows, right, title, notes, table.prose)


def in_brief(table: Table, most: int, whole: str) -> Table:
    """The first rows that a person reads; of the others, how many there are and what shows them."""
    entries = _entries(table)
    if len(entries) <= most:
        return table
    note = f"and {len(entries) - most} more rows: {whole}"
    rows = table.rows[:most]
    kept = entries[:most] if table.layout is not None else None
    return replace(table, rows=rows, entries=kept, notes=[note, *table.notes])


def _entries(table: Table) -> Sequence[Any]:
    if table.entries is not None:
        return table.entries
    return table.rows if table.layout is None else table.records()


def _bare(index: int, name: str) -> Column:
    """A column as it is in the rows, where two may have one name."""
    short, unbroken = _SHORT.get(name, ""), name in _UNBROKEN
    return Column(line(name), itemgetter(index), short=short, unbroken=unbroken)
