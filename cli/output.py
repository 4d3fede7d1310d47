"""Tables on stdout, in the requested format."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gensweep.analysis.tables.table import Table
from gensweep.cli.formats import Format
from gensweep.cli.writers import WRITERS


def emit(tables: Sequence[Table], format: Format | None = None) -> None:
    """Print tables to stdout; without a format, as tables on a terminal and as csv in a pipe."""
    chosen = format or (Format.TABLE if sys.stdout.isatty() else Format.CSV)
    if chosen is Format.TABLE:
        from gensweep.cli.text_tables import emit_text  # here, as rich is slow to load

        emit_text(tables)
    else:
        sys.stdout.write(WRITERS[chosen](tables))
        sys.stdout.flush()
