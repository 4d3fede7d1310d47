"""A table's cells as a page shows and sorts them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gensweep.analysis.tables.table import Table, heading, is_numeric, shown

LONG = 44  # characters from which a text is broken over lines

# What a verdict or a status says about the results at a glance, by its first word.
_TONES = {
    **dict.fromkeys(("supported", "agrees", "done", "confirmed"), "good"),
    **dict.fromkeys(("contradicted", "differs", "failed", "diverged", "disagrees"), "bad"),
    **dict.fromkeys(("running", "interrupted", "partly", "mixed"), "fair"),
    **dict.fromkeys(("not", "planned", "undecided", "too"), "open"),
}
_JUDGED = ("verdict", "status")
# A number with what may stand around it: `12.34 ± 0.56`, `3.00×`, `> 40`, `99.90/81.22 [T]`.
_NUMBER = re.compile(r"[<>≤≥≈~]?\s*([+\-−]?\d[\d,]*(?:\.\d+)?(?:e[+\-]?\d+)?)(?=$|[\s%×±/x(\[])")


@dataclass(frozen=True)
class Cell:
    """text: what is read. key: what is sorted by, empty where there is none. tone: good, bad…"""

    text: str
    key: str
    tone: str = ""


@dataclass(frozen=True)
class Column:
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


def sheet(table: Table, bare: Table | None = None) -> Sheet:
    """A table as written for a person. Where the bare one, for programs, has the same rows and
    a column of the same name, that is sorted by the exact values."""
    texts = [shown(table, row) for row in table.rows]
    columns, keys = [], []
    for index, name in enumerate(table.columns):
        cells = [row[index] for row in texts]
        long = max(map(len, cells), default=0) > LONG
        exact = _exact(name, table, bare)
        numbers = exact or [None if long else number(text) for text in cells]
        known = sum(value is not None for value in numbers)
        counts = bool(known) and 2 * known >= sum(text not in ("", "–") for text in cells)
        keys.append([_key(v) for v in numbers] if counts else cells)
        right = counts or (is_numeric(table, index) and not long)
        columns.append(Column(heading(name), right, long))
    rows = [
        [
            Cell(text, keys[i][r], _tone(name, text))
            for i, (name, text) in enumerate(zip(table.columns, row, strict=True))
        ]
        for r, row in enumerate(texts)
    ]
    sql = table.sql or (bare.sql if bare else "")
    return Sheet(table.name, table.title or table.name, columns, rows, table.notes, sql.strip())


def number(text: str) -> float | None:
    """The first number of a cell, where the cell begins with one."""
    found = _NUMBER.match(text.strip())
    return float(found[1].replace(",", "").replace("−", "-")) if found else None


def _exact(column: str, table: Table, bare: Table | None) -> list[float | None] | None:
    """The bare values of a column, if these are the same rows and it has numbers."""
    if bare is None or column not in bare.columns or len(bare.rows) != len(table.rows):
        return None
    index = list(bare.columns).index(column)
    values: list[Any] = [row[index] for row in bare.rows]
    if not all(v is None or isinstance(v, int | float | Decimal) for v in values):
        return None
    return [None if v is None or isinstance(v, bool) else float(v) for v in values]


def _key(value: float | None) -> str:
    return f"{value:.12g}" if value is not None and math.isfinite(value) else ""


def _tone(column: str, text: str) -> str:
    words = text.lower().replace(":", " ").split() if column in _JUDGED else []
    return _TONES.get(words[0], "open") if words else ""
