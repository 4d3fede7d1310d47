"""Tables on stdout, in the requested format."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gensweep.analysis.tables.rows import Rows
from gensweep.analysis.tables.table import Table
from gensweep.cli.formats import Format
from gensweep.cli.spreadsheets import harmless
from gensweep.cli.streams import for_programs
from gensweep.cli.writers import WRITERS
from gensweep.trainables.shown import shown

MOST = 10_000  # rows of a query's result that are laid out for a person
_WHOLE = "`gensweep query --format csv` prints them all"


def emit(
    tables: Sequence[Table | Rows],
    format: Format | None = None,
    safe_csv: bool = False,
    most: int = MOST,
) -> None:
    """Print tables to stdout; without a format, as tables on a terminal and as csv in a pipe.

    safe_csv: csv has nothing that a spreadsheet would run.
    most: rows of what is read as it comes; formats for programs have them all.
    """
    chosen = format or (Format.TABLE if sys.stdout.isatty() else Format.CSV)
    laid_out = [_beginning(t, most) for t in tables] if chosen.readable else []
    if chosen is Format.TABLE:
        from gensweep.cli.text_tables import emit_text  # here, as rich is slow to load

        emit_text(laid_out)
    else:
        if safe_csv and chosen is Format.CSV:
            tables = [*map(harmless, tables)]
        raw = for_programs()
        for text in WRITERS[chosen](laid_out or tables):
            sys.stdout.write(text if raw else shown(text))
        sys.stdout.flush()


def _beginning(table: Table | Rows, most: int) -> Table:
    return table.beginning(most, _WHOLE) if isinstance(table, Rows) else table
