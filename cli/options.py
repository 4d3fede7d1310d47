"""The options that commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from platformdirs import user_data_path

from gensweep.cli.formats import Format
from gensweep.orchestrator.store.paths import user_path


def given_path(text: str | Path) -> Path:
    """The parser of every option that is a path; that of a results folder is `locate`."""
    try:
        return text if isinstance(text, Path) else user_path(text)
    except ValueError as error:
        raise typer.BadParameter(f"the path {error}") from None


Results = Annotated[
    str,
    typer.Option(
        "--results",
        envvar="GENSWEEP_RESULTS",
        help="The results folder, or s3://BUCKET/PREFIX.",
        metavar="DIR",
    ),
]
SweepName = Annotated[
    str | None,
    typer.Argument(help="A sweep's name; without it, all trials.", metavar="SWEEP"),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="GENSWEEP_DATA",
        help="The folder of datasets; by default one in your home folder.",
        parser=given_path,
        metavar="DIR",
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format", help="By default a table; csv if query, data list or doctor writes to a pipe."
    ),
]
SafeCsv = Annotated[
    bool,
    typer.Option(
        "--safe-csv",
        help="In csv, put ' before text that a spreadsheet would run: what begins with = + - or @.",
    ),
]

Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", help="Stop a statement that runs longer.", min=0.001, metavar="SECONDS"
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        help="What DuckDB may use, such as 4GB; by default 80 % of the memory.",
        metavar="SIZE",
        callback=lambda size: _checked(size),
    ),
]

RESULTS = "results"


def _checked(size: str | None) -> str | None:
    if size is not None and not re.fullmatch(r"\d{1,6}(\.\d+)? ?[kKMGT]i?B", size):
        raise typer.BadParameter(f"{size} is no size such as 500MB or 4GB")
    return size


def data_folder(data: Path | None) -> Path:
    """The folder given, or the platform's folder for user data."""
    return data or user_data_path("gensweep", appauthor=False)
