"""`gensweep export`: the results in the formats of other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gensweep.cli.exits import say
from gensweep.cli.options import RESULTS, Results, SweepName, given_path
from gensweep.cli.reading import opened


class ExportFormat(StrEnum):
    CSV = "csv"
    SAFE_CSV = "safe-csv"
    PARQUET = "parquet"
    DUCKDB = "duckdb"
    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"


def export(
    target: Annotated[
        Path,
        typer.Argument(
            help="The folder to write, or the file for duckdb.", metavar="PATH", parser=given_path
        ),
    ],
    format_: Annotated[ExportFormat, typer.Option("--format", help="The output format.")],
    sweep: SweepName = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    results: Results = RESULTS,
) -> None:
    """Write the results as files that other programs read.

    csv and parquet write one file per view, duckdb one file with the views as tables, tensorboard
    and mlflow one run per trial. safe-csv is csv with ' before text that a spreadsheet would run.
    """
    from gensweep.analysis.exports import export as write

    with opened(results, sweep) as db:
        write(db, target, format_.value, force)
    say(f"wrote {target}")
