"""Tables on stdout, in the requested format."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gensweep.analysis.tables.table import Table
from gensweep.cli.formats import Format
from gensweep.cli.spreadsheets import harmless
from gensweep.cli.streams import for_programs
from gensweep.cli.writers import WRITERS
from gensweep.trainables.shown import shown


def emit(tables: Sequence[Table], format: Format | None = None, safe_csv: bool = False) -> None:
    """Print tables to stdout; without a format, as tables on a terminal and as csv in a pipe.

    safe_csv: csv has nothing that a spreadsheet would run.
    """
    chosen = format or (Format.TABLE if sys.stdout.isatty() else Format.CSV)
    if chosen is Format.TABLE:
        from gensweep.cli.text_tables import emit_text  # here, as rich is slow to load

        emit_text(tables)
    else:
        if safe_csv and chosen is Format.CSV:
            tables = [*map(harmless, tables)]
        text = WRITERS[chosen](tables)
        sys.stdout.write(text if for_programs() else shown(text))
        sys.stdout.flush()
