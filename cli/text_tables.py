"""Tables drawn as text on stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table as RichTable
from rich.text import Text

from gensweep.analysis.tables.column import Cell
from gensweep.analysis.tables.table import Formatted, Table, formatted
from gensweep.cli.console import SafeConsole
from gensweep.cli.streams import degraded

PIPE_WIDTH = 1000  # nothing is truncated in a file or a pipe

_LONG = 24  # a longer word may be broken
_BETWEEN = 2  # blanks between two columns


def stdout() -> SafeConsole:
    """A console on stdout as wide as the terminal, COLUMNS, or else PIPE_WIDTH."""
    known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    width = None if known else PIPE_WIDTH
    return SafeConsole(width=width, soft_wrap=False)


def emit_text(tables: Sequence[Table]) -> None:
    console = stdout()
    for index, table in enumerate(tables):
        if index:
            console.print()
        shown = _in_encoding(formatted(table), console.encoding)
        if table.title:
            console.print(Text(shown.title, style="bold"))
        if shown.prose:
            for (sentence,) in shown.texts():
                console.print(Text(sentence))
        elif shown.rows:
            headings = _headings(shown, titled=bool(table.title))
            fits = _fits(shown, headings, console.width, words=bool(table.title))
            console.print((_side_by_side if fits else _one_below_the_other)(shown, headings))
        elif not shown.notes:
            console.print(Text("no rows", style="dim"))
        if table.plot:
            from gensweep.analysis.drawing.terminal import terminal  # here, as it is slow to load

            console.print(Text(terminal(table.plot, console.width)))
        for note in shown.notes:
            console.print(Text(note, style="dim"))


def _in_encoding(shown: Formatted, encoding: str) -> Formatted:
    """With cells as wide as the stream will show them."""
    if encoding.startswith("utf"):
        return shown
    cells = [[Cell(c.value, degraded(c.text, encoding)) for c in row] for row in shown.rows]
    return replace(shown, rows=cells)


def _headings(shown: Formatted, titled: bool) -> list[str]:
    """In words above what is made to be read, else as a query has to call them."""
    return [column.heading if titled else column.name for column in shown.columns]


def _fits(shown: Formatted, headings: Sequence[str], width: int, words: bool) -> bool:
    """Whether the columns of a table can stand side by side.

    words: they may be as narrow as their longest word.
    """
    needed = [
        max(_least(cell, column.unbroken, words) for cell in cells)
        for column, cells in zip(
            shown.columns, zip(headings, *shown.texts(), strict=True), strict=True
        )
    ]
    return sum(needed) + _BETWEEN * (len(needed) - 1) <= width


def _least(cell: str, unbroken: bool, words: bool) -> int:
    """The width below which a cell is hard to read."""
    if unbroken:
        return cell_len(cell)
    pieces = cell.split() if words else [cell]
    return min(max(map(cell_len, pieces), default=0), _LONG)


def _side_by_side(shown: Formatted, headings: Sequence[str]) -> RichTable:
    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column, above, right in zip(shown.columns, headings, shown.right, strict=True):
        drawn.add_column(
            Text(above),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=column.unbroken,
        )
    for texts in shown.texts():
        drawn.add_row(*map(Text, texts))
    return drawn


def _one_below_the_other(shown: Formatted, headings: Sequence[str]) -> RichTable:
    """For tables that are too wide: one line per column, and an empty line between rows."""
    drawn = RichTable.grid(padding=(0, 2, 0, 0))
    for index, texts in enumerate(shown.texts()):
        if index:
            drawn.add_row()
        for above, text in zip(headings, texts, strict=True):
            drawn.add_row(Text(above, style="bold"), Text(text))
    return drawn
