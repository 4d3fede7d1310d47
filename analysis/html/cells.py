"""A table's cells as a page shows and sorts them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gensweep.analysis.tables.column import Cell as Read
from gensweep.analysis.tables.table import Table, formatted

LONG = 44  # characters from which a text is broken over lines

# What a verdict or a status says about the results at a glance, by its first word.
_TONES = {
    **dict.fromkeys(("supported", "agrees", "done"), "good"),
    **dict.fromkeys(("contradicted", "differs", "failed", "diverged"), "bad"),
    **dict.fromkeys(("running", "interrupted"), "fair"),
}
_JUDGED = ("verdict", "status")


@dataclass(frozen=True)
class Cell:
    """text: what is read. key: what is sorted by, empty where there is none. tone: good, bad…"""

    text: str
    key: str
    tone: str = ""


@dataclass(frozen=True)
class Column:
    """numeric: set right, and sorted as numbers. long: broken over lines."""

    heading: str
    numeric: bool
    long: bool


@dataclass(frozen=True)
class Sheet:
    """A table, ready to be written as HTML."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str]
    sql: str
    prose: bool = False


def sheet(table: Table) -> Sheet:
    shown = formatted(table)
    columns, cells = [], []
    for column, own in zip(shown.columns, zip(*shown.rows, strict=True), strict=False):
        numeric = any(_is_number(cell.value) for cell in own) and all(
            cell.value is None or _is_number(cell.value) for cell in own
        )
        long = max(len(cell.text) for cell in own) > LONG
        columns.append(Column(column.heading, numeric, long))
        tones = [_tone(cell.text) if column.name in _JUDGED else "" for cell in own]
        keys = [_key(cell, numeric) for cell in own]
        cells.append([Cell(c.text, k, t) for c, k, t in zip(own, keys, tones, strict=True)])
    rows = list(zip(*cells, strict=True))
    return Sheet(
        table.name, shown.title, columns, rows, shown.notes, table.sql.strip(), shown.prose
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _key(cell: Read, numeric: bool) -> str:
    if not numeric:
        return cell.text
    known = cell.value is not None and math.isfinite(cell.value)
    return f"{cell.value:.12g}" if known else ""


def _tone(text: str) -> str:
    words = text.lower().replace(":", " ").split()
    return _TONES.get(words[0], "open") if words else ""
