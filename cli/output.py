"""Tables in every format. Data to stdout, all else to stderr."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from analysis.tables import Table, heading, is_numeric, shown
from cli.formats import Format

PIPE_WIDTH = 1000  # in a file or another program nothing is cut short

_NARROW = 12  # columns of less are no longer read with ease
# Columns that are never broken over lines.
_WHOLE = ("trial_id", "sweep", "status", "interrupted", "model")


def emit(tables: Sequence[Table], format: Format | None = None) -> None:
    """Print tables to stdout; without a format, as tables on a terminal and as csv in a pipe."""
    chosen = format or (Format.TABLE if sys.stdout.isatty() else Format.CSV)
    if chosen is Format.TABLE:
        emit_text(tables)
    else:
        sys.stdout.write(_WRITERS[chosen](tables))
        sys.stdout.flush()


def stdout() -> Console:
    """A console on stdout that keeps to the terminal's width, or to COLUMNS, or to a steady one."""
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
            wide = not table.title and not _fits(table, console.width)
            console.print(_rows_as_lists(table) if wide else rich_table(table))
        elif not table.notes:
            console.print(Text("no rows", style="dim"))
        if table.plot:
            console.print(Text.from_ansi(table.plot(console.width)))
        for note in table.notes:
            console.print(Text(note, style="dim"))


def rich_table(table: Table) -> RichTable:
    """A table as rich draws it, for a person."""
    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for index, column in enumerate(table.columns):
        drawn.add_column(
            Text(heading(column) if table.title else column),
            justify="right" if is_numeric(table, index) else "left",
            overflow="fold",
            no_wrap=column in _WHOLE,
        )
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in shown(table, row)))
    return drawn


def _fits(table: Table, width: int) -> bool:
    """Whether the columns of a table can stand side by side."""
    rows = [table.columns, *(shown(table, row) for row in table.rows)]
    widest = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    needed = [
        size if column in _WHOLE else min(size, _NARROW)
        for column, size in zip(table.columns, widest, strict=True)
    ]
    return sum(needed) + 2 * (len(needed) - 1) <= width


def _rows_as_lists(table: Table) -> RichTable:
    """A line per column, and an empty one between rows, for what is too wide to be a table."""
    drawn = RichTable.grid(padding=(0, 2, 0, 0))
    for index, row in enumerate(table.rows):
        if index:
            drawn.add_row()
        for column, cell in zip(table.columns, shown(table, row), strict=True):
            drawn.add_row(Text(column, style="bold"), Text(cell))
    return drawn


def _csv(tables: Sequence[Table]) -> str:
    """Several tables stand one below the other, each under a line `# name`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for index, table in enumerate(tables):
        if len(tables) > 1:
            out.write(("\n" if index else "") + f"# {table.name}\n")
        writer.writerow(table.columns)
        writer.writerows([["" if v is None else _exact(v) for v in row] for row in table.rows])
    return out.getvalue()


def _exact(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(_jsonable(value))
    return value


def _json(tables: Sequence[Table]) -> str:
    """One table is a list of rows, several are an object of lists."""
    content: Any = {table.name: _records(table) for table in tables}
    if len(tables) == 1:
        content = content[tables[0].name]
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _jsonl(tables: Sequence[Table]) -> str:
    """One row a line; of several tables, each row says its table."""
    lines = []
    for table in tables:
        extra = {"table": table.name} if len(tables) > 1 else {}
        lines += [
            json.dumps({**extra, **row}, ensure_ascii=False, allow_nan=False)
            for row in _records(table)
        ]
    return "".join(line + "\n" for line in lines)


def _records(table: Table) -> list[dict[str, Any]]:
    return [{k: _jsonable(v) for k, v in record.items()} for record in table.records()]


def _jsonable(value: Any) -> Any:
    """JSON has no dates, and no numbers that are not finite."""
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): _jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    return str(value)


def _markdown(tables: Sequence[Table]) -> str:
    parts = []
    for table in tables:
        lines = [f"### {table.title or table.name}", ""] if len(tables) > 1 else []
        if not table.columns:  # text alone
            parts.append("\n".join([*lines, "```", *table.notes, "```"]) + "\n")
            continue
        lines.append("| " + " | ".join(table.columns) + " |")
        lines.append("|" + "---|" * len(table.columns))
        for row in table.rows:
            cells = [cell.replace("|", "\\|").replace("\n", " ") for cell in shown(table, row)]
            lines.append("| " + " | ".join(cells) + " |")
        lines += ["", *table.notes] if table.notes else []
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


_WRITERS: dict[Format, Callable[[Sequence[Table]], str]] = {
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.JSONL: _jsonl,
    Format.MARKDOWN: _markdown,
}
