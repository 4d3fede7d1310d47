"""`gensweep diff`: two trials, or two sweeps, side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from gensweep.cli.formats import Format
from gensweep.cli.options import RESULTS, FormatOption, Results, SafeCsv
from gensweep.cli.output import emit
from gensweep.cli.reading import opened


def diff(
    a: Annotated[
        str, typer.Argument(help="A trial's id, or its beginning, or a sweep's name.", metavar="A")
    ],
    b: Annotated[str, typer.Argument(help="Another of the same kind.", metavar="B")],
    results: Results = RESULTS,
    format_: FormatOption = None,
    safe_csv: SafeCsv = False,
) -> None:
    """Compare two trials or two sweeps.

    Shows settings that differ, outcomes and learning curves.
    """
    from gensweep.analysis.diff import diff_tables

    chosen = format_ or Format.TABLE
    with opened(results) as db:
        tables = diff_tables(db, a, b, people=chosen.readable)
    emit(tables, chosen, safe_csv)
