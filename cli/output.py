"""Tables on stdout, in the requested format."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gensweep.analysis.tables.rows import Rows
from gensweep.analysis.tables.table import Table
from gensweep.cli.formats import Format
from gensweep.cli.writers import WRITERS

MOST = 10_000  # rows of a query's result that are laid out for a person
_WHOLE = "`gensweep query --format csv` prints them all"


def emit(tables: Sequence[Table | Rows], format: Format | None = None, most: int = MOST) -> None:
    """Print tables to stdout; without a format, as tables on a terminal and as csv in a pipe.

    most: rows of what is read as it comes; formats for programs have them all.
    """
    chosen = format or (Format.TABLE if sys.stdout.isatty() else Format.CSV)
    laid_out = [_beginning(t, most) for t in tables] if chosen.readable else []
    if chosen is Format.TABLE:
        from gensweep.cli.text_tables import emit_text  # here, as rich is slow to load

        emit_text(laid_out)
    else:
        for text in WRITERS[chosen](laid_out or tables):
            sys.stdout.write(text)
        sys.stdout.flush()


def _beginning(table: Table | Rows, most: int) -> Table:
    return table.beginning(most, _WHOLE) if isinstance(table, Rows) else table
