"""Tables that a spreadsheet takes as text and numbers, and not as formulas."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from gensweep.analysis.tables.rows import Rows
from gensweep.analysis.tables.table import Table
from gensweep.trainables.shown import FORMULA


def harmless(table: Table | Rows) -> Table | Rows:
    """With an apostrophe before every text that a spreadsheet would run; numbers stay numbers.

    Its rows can be read once.
    """
    rows: Any = ([*map(_harmless, row)] for row in table.rows)
    return replace(table, columns=[*map(_harmless, table.columns)], rows=rows)


def _harmless(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | Decimal | list | dict):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(tuple(FORMULA)) and not _is_number(text) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text
