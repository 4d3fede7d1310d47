"""Why Ray did not start, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gensweep.orchestrator.errors import ClusterError, RayLostError
from gensweep.orchestrator.start_watch import tail
from gensweep.trainables.shown import short

_WHERE = "local Ray"
_LOGS = ("*.err", "gcs_server.out", "raylet.out")
_ERROR = re.compile(r" [EFC] \d+ \d+\]|\tERROR |Error: ")  # as Ray's C++ and Python log it
_MOST = 300  # characters of an error that are repeated


class Cause(NamedTuple):
    """pattern: what Ray says or logs. what, todo: what we say."""

    pattern: str
    what: str
    todo: str


# The first that is found counts.
CAUSES = (
    Cause(
        r"No space left on device|Disk quota exceeded",
        "has no space left on the disk",
        "free some, or set TMPDIR to a folder with more",
    ),
    Cause(
        r"AF_UNIX path (length|too long)|File name too long",
        "has a folder with too long a path",
        "set TMPDIR to a shorter one, such as /tmp",
    ),
    Cause(
        r"Too many open files",
        "may not open enough files",
        "raise `ulimit -n` to 4096",
    ),
    Cause(
        r"Resource temporarily unavailable|can't start new thread|pthread_create failed",
        "may not start enough processes and threads",
        "raise `ulimit -u`, or the limit of the container",
    ),
    Cause(
        r"exceeds /dev/shm size|shm_open|[Ii]nsufficient shared memory",
        "has too little shared memory",
        "make /dev/shm larger, in Docker with --shm-size=1g",
    ),
    Cause(
        r"Cannot allocate memory|bad_alloc|MemoryError|mmap.*failed|[Oo]ut of memory",
        "has too little memory",
        "raise the limit (`ulimit -v`, or the container's), or free memory",
    ),
    Cause(
        r"Address already in use|[Pp]ort.{0,40}(in use|occupied)",
        "finds a port in use",
        "end what uses it, or unset the RAY_ variables that name a port",
    ),
    Cause(
        r"Permission denied|Operation not permitted|Read-only file system",
        "may not write or run what it needs",
        "see the file that is named",
    ),
)
_SLOW = re.compile(r"timed? ?out|did not (start|register)", re.IGNORECASE)


def not_started(error: Exception, folder: Path) -> ClusterError:
    """The error for what `ray.init` raised; Ray's logs are below `folder`.

    It is a RayLostError, after which another Ray may start, if this one only took too long.
    """
    said = f"{type(error).__name__}: {error}"
    lines = [*said.splitlines(), *_errors_logged(folder)]
    for cause in CAUSES:
        if line := next((line for line in lines if re.search(cause.pattern, line)), ""):
            return ClusterError(_WHERE, f"{cause.what} ({short(line, _MOST)})", todo=cause.todo)
    if _SLOW.search(said):
        todo = "try again when the machine is less busy"
        return RayLostError(_WHERE, f"did not start in time ({short(said, _MOST)})", todo=todo)
    logged = lines[len(said.splitlines()) :]
    last = f"; last logged: {short(logged[-1], _MOST)}" if logged else ""
    what = f"cannot be started ({short(said, _MOST)}{last})"
    return ClusterError(_WHERE, what, todo="see `gensweep doctor`")


def _errors_logged(folder: Path) -> Iterator[str]:
    """The lines of errors in Ray's logs. What timed out is often a consequence of them."""
    for pattern in _LOGS:
        for path in sorted(folder.glob(f"ray/session_2*/logs/{pattern}")):
            yield from (line for line in tail(path) if path.suffix == ".err" or _ERROR.search(line))
