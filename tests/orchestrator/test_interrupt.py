"""Ctrl-C once asks to stop, twice stops, and afterwards everything is as it was."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from gensweep.orchestrator.interrupt import Interrupt, catch_interrupt

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def press(number: int = signal.SIGINT) -> None:
    """Send this process a signal, and give Python a moment to handle it."""
    os.kill(os.getpid(), number)
    time.sleep(0.01)


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.mark.parametrize("number", SIGNALS)
def test_one_signal_is_a_request_and_no_exception(number: int) -> None:
    with catch_interrupt() as interrupt:
        assert not interrupt.requested
        press(number)
        assert interrupt.requested


@pytest.mark.parametrize("first", SIGNALS)
def test_the_second_signal_stops_now(first: int) -> None:
    reached = []

    def impatient() -> None:
        with catch_interrupt() as interrupt:
            press(first)
            reached.append(interrupt.requested)
            press()
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        impatient()
    assert reached == [True]


def test_a_block_that_nobody_interrupts_just_runs() -> None:
    with catch_interrupt() as interrupt:
        pass
    assert not interrupt.requested


@pytest.mark.parametrize("presses", [0, 1, 2])
def test_the_handlers_are_those_of_before(presses: int) -> None:
    before = handlers()
    try:
        with catch_interrupt():
            assert handlers() != before
            for _ in range(presses):
                press()
    except KeyboardInterrupt:
        assert presses == 2
    assert handlers() == before


def test_blocks_within_each_other_hand_the_signals_back() -> None:
    with catch_interrupt() as outer:
        with catch_interrupt() as inner:
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
