"""`gensweep query`: read-only SQL over the views."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.database.running import Limits
from gensweep.cli.options import (
    RESULTS,
    FormatOption,
    Memory,
    Results,
    SafeCsv,
    Timeout,
    given_path,
)
from gensweep.cli.output import MOST, emit
from gensweep.cli.reading import opened
from gensweep.cli.shell import MOST_TEXT


def query(
    sql: Annotated[
        str | None,
        typer.Argument(help='Such as "from trials limit 5"; - reads stdin.', metavar="[SQL]"),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="Read the SQL from a file; - is stdin.",
            metavar="PATH",
            parser=given_path,
        ),
    ] = None,
    sweep: Annotated[
        str | None,
        typer.Option("--sweep", help="Only this sweep's trials.", metavar="SWEEP"),
    ] = None,
    results: Results = RESULTS,
    format_: FormatOption = None,
    safe_csv: SafeCsv = False,
    timeout: Timeout = None,
    memory: Memory = None,
) -> None:
    text = asked(sql, file)
    with opened(results, sweep, Limits(timeout, memory)) as db:
        emit([db.rows(text)], format_, safe_csv)


query.__doc__ = f"""Query the results with SQL.

The views are {", ".join(VIEWS[:-1])} and {VIEWS[-1]}.

csv, json and jsonl are written as the rows come, however many they are; the other formats show
the first {MOST:,}.
"""


def asked(sql: str | None, file: Path | None) -> str:
    """The SQL, from the argument, the file or stdin."""
    if (sql is None) == (file is None):
        raise typer.BadParameter("give SQL, or --file PATH, and not both", param_hint="SQL")
    where = f"--file {file}" if file else "SQL"
    try:
        if "-" in (sql, str(file)):
            text = sys.stdin.read(MOST_TEXT + 1)
        elif file:
            with file.open(encoding="utf-8-sig") as opened_file:
                text = opened_file.read(MOST_TEXT + 1)
        else:  # the locale may have read the argument as something else
            text = os.fsencode(sql or "").decode()
    except OSError as error:
        raise typer.BadParameter(f"cannot be read ({error.strerror})", param_hint=where) from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter("is not text in UTF-8", param_hint=where) from error
    if len(text) > MOST_TEXT:
        raise QueryError(where, f"has more than {MOST_TEXT:,} characters")
    if not text.strip():
        raise typer.BadParameter("is empty", param_hint=where)
    return text
