"""Statements that can be stopped, by Ctrl-C and by a limit of time.

DuckDB does not hear signals, and Python hears them in the main thread alone. So another thread
runs the statement, while the caller's waits for it and can tell DuckDB to stop.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from gensweep.analysis.database.errors import QueryError
from gensweep.orchestrator.aside import begin, wait_for

if TYPE_CHECKING:
    import duckdb

Result = TypeVar("Result")

_GRACE = 0.5  # seconds in which DuckDB has to stop


@dataclass(frozen=True)
class Limits:
    """What a statement may use.

    seconds: from its beginning until the last row has been fetched; None is as long as it takes.
    memory:  such as 4GB, for all of DuckDB; None is 80 % of the machine's.
    """

    seconds: float | None = None
    memory: str | None = None


class Runner:
    """Runs the statements of one connection, one after the other."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, seconds: float | None) -> None:
        self._connection = connection
        self._seconds = math.inf if seconds is None else seconds
        self._deadline = math.inf
        self._running: Future[Any] | None = None

    @property
    def stuck(self) -> bool:
        """Whether a statement was stopped, and DuckDB did not stop."""
        return self._running is not None and not self._running.done()

    def begin(self) -> None:
        """The time of the next statement begins, and nobody reads the one before any further."""
        self._connection.interrupt()
        self._deadline = time.monotonic() + self._seconds

    def run(self, work: Callable[[], Result]) -> Result:
        """The result of a part of the statement. Raises QueryError if there is no time left.

        Whatever is raised meanwhile, such as KeyboardInterrupt, stops the statement.
        """
        self._running = future = begin(work)
        try:
            if not wait_for(future, self._deadline - time.monotonic()):
                raise QueryError("query", f"took longer than {self._seconds:g} s", todo="stopped")
        except BaseException:
            self._stop(future)
            raise
        self._running = None  # and what it raises is not kept
        return future.result()

    def _stop(self, future: Future[Any]) -> None:
        """Tell DuckDB so until it does, as it forgets what it is told before it has begun."""
        until = time.monotonic() + _GRACE
        while not future.done() and time.monotonic() < until:
            self._connection.interrupt()
            wait_for(future, 0.02)
