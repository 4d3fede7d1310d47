"""`gensweep show`: everything about one trial."""

from __future__ import annotations

from typing import Annotated

import typer

from gensweep.analysis.progress.trial import trial_tables
from gensweep.cli.formats import Format
from gensweep.cli.options import RESULTS, FormatOption, Results, SafeCsv
from gensweep.cli.output import emit
from gensweep.cli.reading import opened


def show(
    trial: Annotated[str, typer.Argument(help="A trial's id, or its beginning.", metavar="TRIAL")],
    results: Results = RESULTS,
    format_: FormatOption = None,
    safe_csv: SafeCsv = False,
) -> None:
    """Show one trial.

    Its settings, outcome, learning curve and, if it failed, the traceback.
    """
    chosen = format_ or Format.TABLE
    with opened(results) as db:
        tables = trial_tables(db, trial, people=chosen.readable)
    emit(tables, chosen, safe_csv)
