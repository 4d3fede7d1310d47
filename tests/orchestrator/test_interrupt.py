"""A signal asks a launch to stop or to save; afterwards everything is as it was."""

from __future__ import annotations

import ctypes
import os
import pty
import signal
import subprocess
import sys
import threading
import time

import pytest

from gensweep.orchestrator.interrupt import (
    Interrupt,
    catch_interrupt,
    kept_handler,
    unheard_by_children,
)

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def press(number: int = signal.SIGINT) -> None:
    """Send this process a signal, and give Python a moment to handle it."""
    os.kill(os.getpid(), number)
    time.sleep(0.01)


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.mark.parametrize("number", SIGNALS)
def test_where_trials_are_to_be_saved_a_signal_is_a_request_and_no_exception(number: int) -> None:
    with catch_interrupt() as interrupt:
        interrupt.defer()
        assert not interrupt.requested
        press(number)
        assert interrupt.requested


@pytest.mark.parametrize("number", SIGNALS)
def test_where_nothing_is_to_be_saved_a_signal_stops_at_once(number: int) -> None:
    with pytest.raises(KeyboardInterrupt), catch_interrupt():
        press(number)


@pytest.mark.parametrize("first", SIGNALS)
def test_the_second_ctrl_c_stops_now(first: int) -> None:
    reached = []

    def impatient() -> None:
        with catch_interrupt() as interrupt:
            interrupt.defer()
            press(first)
            reached.append(interrupt.requested)
            press()
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        impatient()
    assert reached == [True]


def test_a_supervisor_that_repeats_itself_does_not_cut_short_what_is_saved() -> None:
    with catch_interrupt() as interrupt:
        interrupt.defer()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
            press(number)
        assert interrupt.requested


def test_a_request_is_not_forgotten_when_there_is_nothing_left_to_save() -> None:
    with catch_interrupt() as interrupt:
        interrupt.defer()
        press(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            interrupt.at_once()


def test_usr1_is_no_request_to_stop() -> None:
    with catch_interrupt() as interrupt:
        press(signal.SIGUSR1)
        press(signal.SIGUSR1)
        assert (interrupt.saves, interrupt.requested) == (2, False)


def test_a_launch_under_nohup_survives_the_end_of_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with catch_interrupt() as interrupt:
            press(signal.SIGHUP)
            assert not interrupt.requested
    finally:
        signal.signal(signal.SIGHUP, before)


HUNG_UP = """
import os, sys, time
from gensweep.orchestrator.interrupt import catch_interrupt
with catch_interrupt() as interrupt:
    interrupt.defer()
    print("begun", flush=True)
    while not interrupt.requested:
        time.sleep(0.01)
    print("more to say", flush=True)
    sys.exit(130)
"""


def test_a_launch_whose_terminal_is_gone_may_still_speak_and_ends_as_asked() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", HUNG_UP])
    assert b"begun" in os.read(terminal, 100)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130


def test_children_hear_ctrl_c_and_no_other_signal_of_the_launch() -> None:
    with unheard_by_children():
        child = subprocess.Popen(["sleep", "60"])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        child.send_signal(number)
    time.sleep(0.2)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == -signal.SIGINT
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()


def test_a_handler_that_a_library_installs_does_not_replace_ours() -> None:
    """With the C function `abort` as its handler, SIGTERM would end this process."""
    libc = ctypes.CDLL(None)
    with catch_interrupt() as interrupt:
        interrupt.defer()
        with kept_handler():
            libc.signal(signal.SIGTERM, libc.abort)
            time.sleep(0.5)
            press(signal.SIGTERM)
        assert interrupt.requested


def test_a_block_that_nobody_interrupts_just_runs() -> None:
    with catch_interrupt() as interrupt:
        pass
    assert not interrupt.requested


@pytest.mark.parametrize("presses", [0, 1, 2])
def test_the_handlers_are_those_of_before(presses: int) -> None:
    before = handlers()
    try:
        with catch_interrupt() as interrupt:
            interrupt.defer()
            assert handlers() != before
            for _ in range(presses):
                press()
    except KeyboardInterrupt:
        assert presses == 2
    assert handlers() == before


def test_blocks_within_each_other_hand_the_signals_back() -> None:
    with catch_interrupt() as outer:
        outer.defer()
        with catch_interrupt() as inner:
            inner.defer()
            press()
        assert (outer.requested, inner.requested) == (False, True)
        press()
        assert outer.requested


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    before = handlers()
    seen: list[tuple[Interrupt, list[object]]] = []

    def work() -> None:
        with catch_interrupt() as interrupt:
            seen.append((interrupt, handlers()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    ((interrupt, during),) = seen
    assert not interrupt.requested
    assert during == before
