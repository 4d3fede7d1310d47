"""Locks that end with the process that holds them."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from orchestrator.store.errors import StoreBusyError
from orchestrator.store.files import not_writable


@contextmanager
def hold(path: Path, purpose: str) -> Iterator[None]:
    """Hold an exclusive lock. Raises StoreBusyError, saying who has it, if it is taken."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise not_writable(path, error) from error
    with file:
        try:
            _take(file)
        except BlockingIOError:
            raise StoreBusyError(
                str(path.parent.parent), f"in use: {holder(path)}", todo="wait for it, or stop it"
            ) from None
        file.truncate(0)
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        about = {"purpose": purpose, "host": socket.gethostname(), "pid": os.getpid()}
        file.write(json.dumps({**about, "since": since}))
        file.flush()
        yield


def _take(file: IO[str]) -> None:
    """Raises BlockingIOError if it is taken for longer than somebody needs who only looks."""
    for _ in range(20):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(0.01)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether some living process holds the lock."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def holder(path: Path) -> str:
    """Who holds the lock, what for and since when, in words."""
    try:
        about = json.loads(path.read_text())
        who = f"process {about['pid']} on {about['host']}"
        return f"{about['purpose']} by {who} since {about['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"
