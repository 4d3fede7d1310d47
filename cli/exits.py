"""Errors as one line each, and as exit codes.

0 ok, 1 trials failed or the query is wrong, 2 usage or sweep file wrong,
3 store, data or cluster unusable, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterable

import typer

from gensweep.analysis.database.errors import ExportError, QueryError
from gensweep.cli.codes import Exit
from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.store.errors import StoreError
from gensweep.trainables.errors import DataError, GensweepError, TrialError

_CODES: dict[type[GensweepError], Exit] = {
    QueryError: Exit.FAILED,
    ExportError: Exit.USAGE,
    SpecError: Exit.USAGE,
    TrialError: Exit.USAGE,
    StoreError: Exit.UNUSABLE,
    DataError: Exit.UNUSABLE,
}


def run(command: Callable[[], int | None], debug: bool) -> int:
    """Call a command; print what it raises, in one line, and return its exit code."""
    try:
        return int(command() or Exit.OK)
    except typer.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        return Exit.INTERRUPTED
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        program = context.command_path if context else "gensweep"
        what = " ".join(error.format_message().split()).rstrip(".")
        what = what.replace(": Value error, ", ": ")  # pydantic's, of a choice
        say(f"error: {program}: {what}; see `{program} --help`")
        return Exit.USAGE
    except BrokenPipeError:
        return _closed_pipe()
    except SystemExit as leaving:  # rich exits when the reader has closed the pipe
        if isinstance(leaving.__context__, BrokenPipeError):
            return _closed_pipe()
        raise
    except GensweepError as error:
        if debug:
            traceback.print_exc()
        for problem in error.problems:
            say("error: " + " ".join(str(problem).split()))
        return next(
            (code for kind, code in _CODES.items() if isinstance(error, kind)), Exit.UNUSABLE
        )
    except OSError as error:
        if error.errno == errno.EPIPE:
            return _closed_pipe()
        if debug:
            traceback.print_exc()
        say(f"error: {error.filename or 'system'}: {error.strerror or error}")
        return Exit.UNUSABLE
    except Exception as error:
        if debug:
            traceback.print_exc()
        what = " ".join(f"{type(error).__name__}: {error}".split())
        say(f"error: this is a bug in gensweep: {what}; please report what --debug shows")
        return Exit.UNUSABLE


def say(line: str) -> None:
    """A line for a person, on stderr."""
    print(f"gensweep: {line}", file=sys.stderr)  # noqa: T201


def warn(damaged: Iterable[object]) -> None:
    """A line for each file that was left out."""
    for file in damaged:
        say(f"warning: left out, cannot be read: {file}")


def _closed_pipe() -> int:
    """The reader closed the pipe. Without this, Python would print another error at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.OK
