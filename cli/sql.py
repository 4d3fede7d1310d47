"""`gensweep sql`: a shell over the views."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.database.running import Limits
from gensweep.cli.exits import complain, tell
from gensweep.cli.formats import Format
from gensweep.cli.options import (
    RESULTS,
    FormatOption,
    Memory,
    Results,
    SafeCsv,
    SweepName,
    Timeout,
)
from gensweep.cli.reading import opened
from gensweep.cli.shell import MOST_TEXT, Shell, complete
from gensweep.trainables.errors import GensweepError

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession


def sql(
    sweep: SweepName = None,
    results: Results = RESULTS,
    format_: FormatOption = None,
    safe_csv: SafeCsv = False,
    timeout: Timeout = None,
    memory: Memory = None,
) -> None:
    """Query the results with SQL, statement by statement.

    .help lists commands, .quit leaves. From a pipe it reads statements that end with a semicolon,
    and stops at the first error.
    """
    with opened(results, sweep, Limits(timeout, memory)) as db:
        if not sys.stdin.isatty():
            read(Shell(db, format_, safe_csv), sys.stdin)
            return
        from gensweep.cli.prompt import session

        tell("such as `from trials;`. .views lists the views, .help the commands, .quit leaves")
        converse(Shell(db, format_ or Format.TABLE, safe_csv), session(db))


def read(shell: Shell, lines: TextIO) -> None:
    """Run each statement as soon as it is complete. Raises QueryError."""
    text = ""
    try:
        for line in lines:
            text += line
            if len(text) > MOST_TEXT:
                raise QueryError("stdin", f"has a statement of more than {MOST_TEXT:,} characters")
            if (";" in line or text == line) and complete(text):
                if not shell.run(text):
                    return
                text = ""
    except UnicodeDecodeError as error:
        raise QueryError("stdin", "is not text in UTF-8") from error
    shell.run(text)


def converse(shell: Shell, session: PromptSession[str]) -> None:
    """Prompt until the user leaves. An error prints one line; Ctrl-C stops the running
    statement.
    """
    while True:
        try:
            if not shell.run(session.prompt(), people=True):
                return
        except GensweepError as error:
            complain(error)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
