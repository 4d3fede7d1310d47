"""`gensweep query`: read-only SQL over the views."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import RESULTS, FormatOption, Results
from cli.output import emit
from cli.reading import opened


def query(
    sql: Annotated[str, typer.Argument(help='Such as "from trials limit 5".', metavar="SQL")],
    results: Results = RESULTS,
    format_: FormatOption = None,
) -> None:
    """Ask the results in SQL.

    The views are trials, epochs, steps, sweep_trials, convergence and corruption.
    """
    with opened(results) as db:
        table = db.table(sql)
    emit([table], format_)
