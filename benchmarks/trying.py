"""What a command makes of hostile input, and what it says about it."""

from __future__ import annotations

import io
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from types import FrameType
from typing import NoReturn

from gensweep.cli import exits
from gensweep.cli.codes import Exit

FAULTS = ("tracebacks", "mistakes", "hangs")


class _TooLongError(BaseException):
    """Not an Exception, so that nothing takes it for a damaged file."""


def _too_long(number: int, frame: FrameType | None) -> NoReturn:
    raise _TooLongError


def tried(command: Callable[[], int | None], seconds: float) -> tuple[Exit | str, str]:
    """Its exit code, or one of FAULTS; and what it says on stderr.

    It hangs if it takes longer than so many seconds, and is interrupted after four times as long.
    """
    errors, started = io.StringIO(), time.monotonic()
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, 4 * seconds)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(errors):
            code = Exit(exits.run(command, debug=False))
    except _TooLongError:
        return "hangs", traceback.format_exc()
    except BaseException:
        return "tracebacks", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    said = errors.getvalue()
    if time.monotonic() > started + seconds:
        return "hangs", said
    return ("mistakes" if "bug in gensweep" in said else code), said
