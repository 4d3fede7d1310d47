"""Ends a process that waits too long for Ray to start, from outside.

While Ray starts, that process may hold its interpreter, and then no thread of its own can act. This
is run as a script, with nothing but the standard library: SECONDS GRACE PID WHERE TODO FOLDER. It
acts after SECONDS and GRACE, and ends without a word once its standard input is closed.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

UNUSABLE = int(signal.SIGQUIT)  # 3 is both: the signal's handler is the C function `_exit`
_TAIL = 20_000  # bytes of a log
_MOST = 300  # characters
_GRACE = 2.0  # seconds for the signal to work


def tail(path: Path) -> list[str]:
    """The last lines of a log."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode(errors="replace").splitlines()


def last_words(path: Path) -> str:
    """The last line of a process's standard error; empty if it said nothing.

    Ray's own lines begin with a colon. What Python says of a crash is followed by its stack and the
    modules that it has loaded.
    """
    words = [line for line in tail(path) if line.strip() and not line.startswith(":")]
    crash = [line for line in words if line.startswith("Fatal Python error")]
    return (crash or words or [""])[-1]


def lateness(seconds: float, folder: str) -> str:
    """With the last words of one of Ray's processes, preferably a worker; their logs are below
    `folder`, if there is one.
    """
    logs = [path for path in Path(folder).glob("ray/session_2*/logs/*.err") if folder]
    logs.sort(key=lambda path: path.name.startswith("worker-"), reverse=True)
    said = next(filter(None, map(last_words, logs)), "")
    reason = f" ({' '.join(said.split())[:_MOST]})" if said else ""
    return f"did not start in {seconds:g} s{reason}"


def main() -> None:
    seconds, grace = map(float, sys.argv[1:3])
    pid, where, todo, folder = sys.argv[3:]
    if select.select([sys.stdin], [], [], seconds + grace)[0]:
        return
    line = f"gensweep: error: {where}: {lateness(seconds, folder)}; {todo}\n"
    os.write(2, line.encode())
    os.kill(int(pid), signal.SIGQUIT)
    time.sleep(_GRACE)
    with suppress(ProcessLookupError):
        os.kill(int(pid), signal.SIGKILL)


if __name__ == "__main__":
    main()
