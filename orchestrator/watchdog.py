"""Detects that Ray has died; Ray's own calls would wait forever."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from gensweep.orchestrator.errors import RayLostError

START_SECONDS = 300.0  # longer than Ray itself waits for the parts of one of our own
_PERIOD = 2.0  # seconds between two looks
_MISSES = 3  # in a row, before Ray counts as dead
_SIGNAL = signal.SIGUSR2  # interrupts the call that the main thread waits in
_PATIENCE = 10.0  # seconds for the interrupted call to return
_UNUSABLE = 3  # the exit code, as the command line has it


@contextmanager
def watch_ray(where: str) -> Iterator[Callable[[], None]]:
    """Raise RayLostError in the block, whatever call it waits in, once Ray is dead.

    Ray counts as dead when its head or this machine's node does not answer, or when the block has
    not called the function it is given, which says that Ray is up, within START_SECONDS. Works only
    in the main thread, the one that signals reach. Some of Ray's calls ignore signals: then the
    process prints the error's line and ends, and its lease with it.
    """
    up, lost, left = threading.Event(), threading.Event(), threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield up.set
        return
    todo = "the same command continues from here"
    died = RayLostError(where, "has died", todo=todo)
    late = RayLostError(where, f"did not start in {START_SECONDS:g} s", todo=todo)
    error = late

    def out(signum: int, frame: FrameType | None) -> None:
        if not left.is_set():
            raise error

    def tell() -> None:
        nonlocal error
        error = died if up.is_set() else late
        if left.is_set():  # the signal would end the process
            return
        lost.set()
        signal.pthread_kill(main, _SIGNAL)
        if not left.wait(_PATIENCE):
            with suppress(OSError):  # nobody may be reading
                os.write(sys.stderr.fileno(), f"gensweep: error: {error}\n".encode())
            os._exit(_UNUSABLE)

    main = threading.get_ident()
    before = signal.signal(_SIGNAL, out)
    threading.Thread(target=_watch, args=(up, left, tell), daemon=True).start()
    try:
        yield up.set
    except Exception as other:  # Ray may wrap the interrupting error
        if lost.is_set() and other is not error:
            raise error from other
        raise
    finally:
        left.set()
        signal.signal(_SIGNAL, before)


def _watch(up: threading.Event, left: threading.Event, tell: Callable[[], None]) -> None:
    if not up.wait(START_SECONDS):
        tell()
        return
    try:
        ports = _ports()
    except Exception:  # whatever the error, Ray is no longer up
        tell()
        return
    misses = 0
    while not left.wait(_PERIOD):
        misses = 0 if all(map(_answers, ports)) else misses + 1
        if misses >= _MISSES:
            tell()
            return


def _ports() -> list[str]:
    """Where the head and this machine's node listen."""
    import ray

    context = ray.get_runtime_context()
    (mine,) = (
        node
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["NodeID"] == context.get_node_id()
    )
    return [context.gcs_address, f"{mine['NodeManagerAddress']}:{mine['NodeManagerPort']}"]


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PERIOD).close()
    except OSError:
        return False
    return True
