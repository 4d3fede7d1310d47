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


def last_words(folder: str) -> str:
    """The last line on the standard error of one of Ray's processes, preferably a worker.

    Their logs are below `folder`. Ray's own lines begin with a colon.
    """
    logs = [path for path in Path(folder).glob("ray/session_2*/logs/*.err") if folder]
    for path in sorted(logs, key=lambda path: path.name.startswith("worker-"), reverse=True):
        lines = path.read_bytes()[-_TAIL:].decode(errors="replace").splitlines()
        for line in reversed(lines):
            if line.strip() and not line.startswith(":"):
                return " ".join(line.split())[:_MOST]
    return ""


def lateness(seconds: float, folder: str) -> str:
    said = last_words(folder)
    return f"did not start in {seconds:g} s" + (f" ({said})" if said else "")


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
