"""Errors as one line each, and as exit codes.

0 ok, 1 trials failed or the query is wrong, 2 usage or sweep file wrong,
3 store, data or cluster unusable, 130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from gensweep.analysis.database.errors import ExportError, QueryError
from gensweep.cli import streams
from gensweep.cli.codes import Exit
from gensweep.cli.memory import ran_out
from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.store.errors import StoreError
from gensweep.trainables.errors import DataError, GensweepError, TrialError
from gensweep.trainables.shown import line, short, shown

_CODES: dict[type[GensweepError], Exit] = {
    QueryError: Exit.FAILED,
    ExportError: Exit.USAGE,
    SpecError: Exit.USAGE,
    TrialError: Exit.USAGE,
    StoreError: Exit.UNUSABLE,
    DataError: Exit.UNUSABLE,
}


_MOST_WARNINGS = 20
_LONGEST = 1000  # characters of an error
_NO_MEMORY = "memory: there is too little for this; ask for less, or raise what `ulimit -v` shows"


def run(
    command: Callable[[], int | None],
    debug: bool,
    at_interrupt: Callable[[], object] = lambda: None,
) -> int:
    """Call a command; print what it raises, in one line, and return its exit code.

    at_interrupt: is called first where Ctrl-C ends it.
    """
    try:
        code = int(command() or Exit.OK)
        sys.stdout.flush()  # at exit, Python would say in its own words what is wrong with it
        return code
    except typer.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, typer.Abort):
        at_interrupt()
        say("interrupted")
        return Exit.INTERRUPTED
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        program = context.command_path if context else "gensweep"
        what = " ".join(error.format_message().split()).rstrip(".")
        what = what.replace(": Value error, ", ": ")  # pydantic's, of a choice
        say(f"error: {program}: {what}; see `{program} --help`")
        return Exit.USAGE
    except GensweepError as error:
        if debug:
            _trace()
        complain(error)
        if ran_out(error) and not isinstance(error, QueryError):  # whose --memory may be small
            return Exit.UNUSABLE
        return next(
            (code for kind, code in _CODES.items() if isinstance(error, kind)), Exit.UNUSABLE
        )
    except OSError as error:
        if isinstance(error, BrokenPipeError) and streams.reader_has_gone():
            streams.drop_stdout()
            return Exit.OK
        if debug:
            _trace()
        if isinstance(error, FileNotFoundError) and error.filename is None and not _is_somewhere():
            say("error: the current folder: was deleted; change to another one")
            return Exit.UNUSABLE
        say(f"error: {error.filename or 'system'}: {error.strerror or error}")
        return Exit.UNUSABLE
    except Exception as error:
        if debug:
            _trace()
        if ran_out(error):
            say(f"error: {_NO_MEMORY}")
            return Exit.UNUSABLE
        what = " ".join(f"{type(error).__name__}: {error}".split())
        say(f"error: this is a bug in gensweep: {what}; please report what --debug shows")
        return Exit.UNUSABLE


def _is_somewhere() -> bool:
    try:
        return bool(Path.cwd())
    except OSError:
        return False


@contextmanager
def printing_beside(what: str) -> Iterator[None]:
    """For what a command prints that works: without a reader, or with a full disk, it goes on."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        streams.drop_stdout()
        if not isinstance(error, BrokenPipeError):
            say(f"warning: {what} cannot be printed: {error.strerror or error}")


def say(text: str) -> None:
    """A line for a person, on stderr."""
    tell(f"gensweep: {text}")


def complain(error: GensweepError) -> None:
    """A line for each of its problems."""
    for problem in error.problems:
        say("error: " + short(str(problem), _LONGEST))


def tell(text: str) -> None:
    """The same without the program's name."""
    print(line(text), file=sys.stderr)  # noqa: T201


def warn(damaged: Iterable[object]) -> None:
    """A line for each file that was left out, and one for all that are too many to name."""
    files = list(damaged)
    for file in files[:_MOST_WARNINGS]:
        say(f"warning: left out, cannot be read: {file}")
    if more := len(files[_MOST_WARNINGS:]):
        say(f"warning: left out, cannot be read: {more:,} more files")


def _trace() -> None:
    print(shown(traceback.format_exc()), end="", file=sys.stderr)  # noqa: T201
