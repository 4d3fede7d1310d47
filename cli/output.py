"""Tables on stdout, in the requested format."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from gensweep.analysis.tables.table import Table, heading, is_numeric, shown
from gensweep.cli.formats import Format
from gensweep.cli.writers import WRITERS

PIPE_WIDTH = 1000  # nothing is truncated in a file or a pipe

_NARROW = 12  # narrower columns are hard to read
# Columns that are never broken over lines.
_WHOLE = ("trial_id", "sweep", "status", "interrupted", "model")


def emit(tables: Sequence[Table], format: Format | None = None) -> None:
    """Print tables to stdout; without a format, as tables on a terminal and as csv in a pipe."""
    chosen = format or (Format.TABLE if sys.stdout.isatty() else Format.CSV)
    if chosen is Format.TABLE:
        emit_text(tables)
    else:
        sys.stdout.write(WRITERS[chosen](tables))
        sys.stdout.flush()


def stdout() -> Console:
    """A console on stdout as wide as the terminal, COLUMNS, or else PIPE_WIDTH."""
    known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    width = None if known else PIPE_WIDTH
    return Console(width=width, highlight=False, soft_wrap=False)


def emit_text(tables: Sequence[Table]) -> None:
    console = stdout()
    for index, table in enumerate(tables):
        if index:
            console.print()
        if table.title:
            console.print(Text(table.title, style="bold"))
        if table.rows:
            fits = _fits(table, console.width)
            console.print(rich_table(table) if fits else _rows_as_lists(table))
        elif not table.notes:
            console.print(Text("no rows", style="dim"))
        if table.plot:
            from gensweep.analysis.drawing.terminal import terminal  # here, as it is slow to load

            console.print(Text.from_ansi(terminal(table.plot, console.width)))
        for note in table.notes:
            console.print(Text(note, style="dim"))


def rich_table(table: Table) -> RichTable:
    """A table as rich draws it, for a person."""
    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for index, (column, above) in enumerate(zip(table.columns, _headings(table), strict=True)):
        drawn.add_column(
            Text(above),
            justify="right" if is_numeric(table, index) else "left",
            overflow="fold",
            no_wrap=column in _WHOLE,
        )
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in shown(table, row)))
    return drawn


def _fits(table: Table, width: int) -> bool:
    """Whether the columns of a table can stand side by side.

    In a table with a title, columns may be as narrow as their longest word.
    """
    rows = [_headings(table), *(shown(table, row) for row in table.rows)]
    needed = [
        max(_least(cell, whole=column in _WHOLE, words=bool(table.title)) for cell in cells)
        for column, cells in zip(table.columns, zip(*rows, strict=True), strict=True)
    ]
    between = 1 if table.title else 2
    return sum(needed) + between * (len(needed) - 1) <= width


def _least(cell: str, whole: bool, words: bool) -> int:
    """The width below which a cell is hard to read."""
    if whole:
        return cell_len(cell)
    pieces = cell.split() if words else [cell]
    return min(max(map(cell_len, pieces), default=0), _NARROW)


def _headings(table: Table) -> list[str]:
    return [heading(column) if table.title else column for column in table.columns]


def _rows_as_lists(table: Table) -> RichTable:
    """For tables that are too wide: one line per column, and an empty line between rows."""
    drawn = RichTable.grid(padding=(0, 2, 0, 0))
    for index, row in enumerate(table.rows):
        if index:
            drawn.add_row()
        for above, cell in zip(_headings(table), shown(table, row), strict=True):
            drawn.add_row(Text(above, style="bold"), Text(cell))
    return drawn
