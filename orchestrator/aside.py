"""Work that another thread does, so that signals reach the main thread meanwhile.

Python hears signals in the main thread alone, and only between two of its own instructions. A call
into a library that waits, for a server or for a query, would hold them up. So would a wait for the
other thread that has no end: the system may hand a signal to any thread of the process, and only
the main thread's own interrupts what it waits for.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

NAME = "gensweep aside"  # of the threads
_HEARING_SECONDS = 0.1  # after which a signal that another thread was handed is heard


def begin(work: Callable[[], Result]) -> Future[Result]:
    """Start the work in a thread that nobody waits for at the end of the process."""
    future: Future[Result] = Future()
    _start(future, work)
    return future


def wait_for(future: Future[Any], seconds: float = math.inf) -> bool:
    """Wait for the end of the work, for so many seconds at most. Returns whether it has ended."""
    until = time.monotonic() + seconds
    while True:
        left = max(until - time.monotonic(), 0.0)
        if wait([future], min(left, _HEARING_SECONDS)).done:
            return True
        if not left:
            return False


def uninterrupted(work: Callable[[], Result]) -> Result:
    """Do the work wholly or not at all: an exception, such as Ctrl-C's, waits for its end."""
    future: Future[Result] = Future()
    try:
        _start(future, work)
        wait_for(future)
        return future.result()
    finally:
        if not future.cancel():  # it has begun
            wait([future])


def interruptible(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The same function, which the main thread can leave by an exception, such as Ctrl-C's.

    It may then still be at work.
    """

    @wraps(work)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        if threading.current_thread() is not threading.main_thread():
            return work(*args, **kwargs)
        future = begin(lambda: work(*args, **kwargs))
        wait_for(future)
        return future.result()

    return call


def any_stuck() -> bool:
    """Whether such work still runs, for which Python might wait at the end of the process."""
    ours = [thread for thread in threading.enumerate() if thread.name.startswith(NAME)]
    for thread in ours:
        thread.join(0.05)  # it may just be about to end
    return any(thread.is_alive() for thread in ours)


def _start(future: Future[Result], work: Callable[[], Result]) -> None:
    threading.Thread(target=_fill, args=(future, work), name=NAME, daemon=True).start()


def _fill(future: Future[Result], work: Callable[[], Result]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
