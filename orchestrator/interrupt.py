"""Signals to a launch: save and stop, stop now, or save and go on."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAVE = signal.SIGUSR1
_KEEP_SECONDS = 0.01


class Interrupt:
    """What a user or a supervisor asked a launch for.

    requested: whether to stop.
    saves:     how often to save the running trials and go on.
    """

    def __init__(self) -> None:
        self.requested = False
        self.saves = 0
        self._at_once = True

    def at_once(self) -> None:
        """From now on a request raises KeyboardInterrupt, and so does one of before: nothing is to
        be saved. It begins so.
        """
        self._at_once = True
        if self.requested:
            raise KeyboardInterrupt

    def defer(self) -> None:
        """From now on a request only sets `requested`, for trials are to be saved."""
        self._at_once = False

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """A signal handler. Ctrl-C the second time raises KeyboardInterrupt.

        Supervisors repeat themselves (systemd sends SIGTERM and SIGHUP), and mean it once.
        """
        if signum == signal.SIGHUP:
            _let_go_of_terminal()
        again, self.requested = self.requested, True
        if signum == signal.SIGINT if again else self._at_once:
            raise KeyboardInterrupt

    def save(self, signum: int, frame: FrameType | None) -> None:
        """A signal handler."""
        self.saves += 1


def _let_go_of_terminal() -> None:
    """Where the terminal is gone, what is still to be said goes nowhere, and is no error."""
    for stream in (1, 2):
        try:
            os.write(stream, b"")
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream)
            os.close(nowhere)


@contextmanager
def catch_interrupt() -> Iterator[Interrupt]:
    """Handle SIGINT, SIGTERM, SIGHUP and SIGUSR1 while the block runs (in the main thread).

    `nohup` has SIGHUP ignored, and it stays so.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    handlers = {**dict.fromkeys(_STOP, interrupt.stop), _SAVE: interrupt.save}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def unheard_by_children() -> Iterator[None]:
    """Processes that are started in the block hear none of these signals but SIGINT.

    Who stops a launch often tells all its processes at once. Then this one must be able to save
    what the others do, and to end them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_STOP, _SAVE} - {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def kept_handler(number: int = signal.SIGTERM) -> Iterator[None]:
    """Keep Python's handler of a signal where a library installs one of its own in the block.

    That of Ray prints a stack of its own code and aborts.
    """
    install = ctypes.CDLL(None).signal
    install.argtypes, install.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
    ours = install(number, None)
    install(number, ours)
    left = threading.Event()

    def keep() -> None:
        while not left.wait(_KEEP_SECONDS):
            install(number, ours)

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        left.set()
        keeper.join()
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, signal.getsignal(number))
