"""`gensweep status`: how far the sweeps are, from the store alone."""

from __future__ import annotations

from gensweep.analysis.progress.status import status_tables, that_say_something
from gensweep.cli.formats import Format
from gensweep.cli.options import RESULTS, FormatOption, Results, SafeCsv, SweepName
from gensweep.cli.output import emit
from gensweep.cli.reading import opened


def status(
    sweep: SweepName = None,
    results: Results = RESULTS,
    format_: FormatOption = None,
    safe_csv: SafeCsv = False,
) -> None:
    """Show how far the sweeps are.

    Trials per status, what runs now, and what went wrong.
    """
    with opened(results, sweep) as db:
        tables = status_tables(db)
    chosen = format_ or Format.TABLE
    emit(that_say_something(tables) if chosen.readable else tables, chosen, safe_csv)
