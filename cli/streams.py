"""The program's standard streams: always there, and able to take whatever is written."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from contextlib import suppress
from typing import Any

DEGRADE = "gensweep.degrade"  # an error handler, as codecs know it by name

_MOST_COLUMNS = 10_000
# What a stream gets that lacks these; of what is not here, the code point.
_PLAIN = {
    **dict(zip("–—−×Δ✓✗↻→│⡇─━╸╺⠤⠉⣀", "---xD+x~>||--- --_", strict=True)),
    **dict(zip("▁▂▃▄▅▆▇█", "_.-:=+*#", strict=True)),
    **dict(zip("±≠≤≥≲∞…", ("+/-", "!=", "<=", ">=", "<~", "inf", "..."), strict=True)),
}


def prepare() -> None:
    """Called once, before anything is opened or printed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        _open(number, name)
    for name in ("COLUMNS", "LINES"):
        size = os.environ.get(name, "1")
        if not (size.isdecimal() and 0 < int(size) <= _MOST_COLUMNS):
            del os.environ[name]  # no size that anything can be drawn in
    if not sys.stdin.isatty():
        _set(sys.stdin, encoding="utf-8")
    if sys.stderr is sys.__stderr__:
        sys.stderr = _lasting(sys.stderr)  # without whose reader the work goes on
    for stream in (sys.stdout, sys.stderr):
        _set(stream, errors=DEGRADE)


def for_programs() -> bool:
    """Before data are written to stdout: UTF-8 whatever the locale, unless a person reads it.

    Returns whether they may be written as they are.
    """
    if sys.stdout.isatty():
        return False
    _set(sys.stdout, encoding="utf-8", errors=DEGRADE)
    return True


def degraded(text: str, encoding: str) -> str:
    """The text as a stream of that encoding will show it."""
    return text.encode(encoding, DEGRADE).decode(encoding)


def reader_has_gone() -> bool:
    """Whether stdout is a pipe that nobody reads."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLOUT)
    except (OSError, ValueError):  # no file
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def finish() -> None:
    """Called last: what stdout did not take has been spoken of, and at exit Python would again."""
    try:
        sys.stdout.flush()
    except OSError:
        drop_stdout()


def drop_stdout() -> None:
    """Let the rest go nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


class _Lasting(io.FileIO):
    """A file whose writing never fails: what it cannot take is lost."""

    def write(self, data: Any, /) -> int:
        with suppress(OSError):
            if (written := super().write(data)) is not None:
                return written
        return memoryview(data).nbytes


def _lasting(stream: Any) -> io.TextIOWrapper:
    raw = _Lasting(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, line_buffering=True)


def _open(number: int, name: str) -> None:
    """A stream that was closed from the start takes everything and gives nothing.

    Its number would otherwise go to the next file that is opened, and messages into that file.
    """
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
    if getattr(sys, name) is None:
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _set(stream: Any, **how: Any) -> None:
    if isinstance(stream, io.TextIOWrapper):  # and not, say, a notebook's
        stream.reconfigure(**how)


def _degrade(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(map(_plainly, lacking)), error.end


def _plainly(character: str) -> str:
    if "\u2800" <= character <= "\u28ff":  # a part of a plot
        return _PLAIN.get(character, "." if character > "\u2800" else " ")
    return _PLAIN.get(character) or character.encode("unicode_escape").decode("ascii")


codecs.register_error(DEGRADE, _degrade)
