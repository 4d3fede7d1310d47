"""Work of another thread is whole, wherever in it or before it a signal falls."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from gensweep.orchestrator import aside
from gensweep.orchestrator.aside import begin, interruptible, uninterrupted


def test_results_and_errors_are_those_of_the_work() -> None:
    assert uninterrupted(lambda: 7) == interruptible(lambda: 7)() == begin(lambda: 7).result() == 7
    for run in (uninterrupted, lambda work: interruptible(work)()):
        with pytest.raises(ZeroDivisionError):
            run(lambda: 1 / 0)


def test_a_signal_in_the_work_is_heard_after_it() -> None:
    done = []

    def work() -> None:
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.1)
        done.append(1)

    with pytest.raises(KeyboardInterrupt):
        uninterrupted(work)
    assert done == [1]


def test_a_signal_that_the_system_hands_to_another_thread_is_heard() -> None:
    ended = threading.Event()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])

    def work() -> None:
        time.sleep(0.2)  # until the main thread waits
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        os.kill(os.getpid(), signal.SIGINT)
        ended.wait(20)

    try:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            interruptible(work)()
        assert time.monotonic() - began < 10
    finally:
        ended.set()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_work_that_ctrl_c_meets_at_any_line_is_done_before_or_never() -> None:
    """Ctrl-C comes at each line of the module that the main thread runs, in turn."""
    outcomes, line, interrupted = set(), 0, True
    while interrupted:
        line += 1
        began, ended = threading.Event(), threading.Event()

        def work(began: threading.Event = began, ended: threading.Event = ended) -> None:
            began.set()
            time.sleep(0.02)
            ended.set()

        interrupted = _interrupted_at(line, partial(uninterrupted, work))
        at_return = began.is_set(), ended.is_set()
        time.sleep(0.05)
        assert at_return == (began.is_set(), ended.is_set())
        outcomes.add(at_return)
    assert outcomes == {(False, False), (True, True)}


def _interrupted_at(line: int, call: Callable[[], None]) -> bool:
    left, before = line, sys.gettrace()

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != aside.__file__:
            return None
        left -= event == "line"
        if left == 0:
            left = -1
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False
