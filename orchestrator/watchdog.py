"""Detects that Ray has died; Ray's own calls would wait forever."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from gensweep.orchestrator import scratch, start_watch
from gensweep.orchestrator.errors import ClusterError, RayLostError
from gensweep.orchestrator.interrupt import unheard_by_children
from gensweep.orchestrator.start_watch import UNUSABLE, lateness
from gensweep.trainables.errors import GensweepError

START_SECONDS = 300.0  # longer than Ray itself waits for the parts of one of our own
_PERIOD = 2.0  # seconds between two looks
_MISSES = 3  # in a row, before Ray counts as dead
_SIGNAL = signal.SIGUSR2  # interrupts the call that the main thread waits in
_PATIENCE = 10.0  # seconds for the interrupted call to return
INTERRUPTED = 130  # exit codes, as the command line has them


def tell(error: GensweepError) -> int:
    """Print the error's line, past all that a stuck process may hold; returns the exit code."""
    with suppress(OSError):  # nobody may be reading
        os.write(2, f"gensweep: error: {error}\n".encode())
    return UNUSABLE


@contextmanager
def watch_ray(
    where: str, stuck: Callable[[ClusterError], int] = tell, folder: str = ""
) -> Iterator[Callable[[], None]]:
    """Raise RayLostError in the block, whatever call it waits in, once Ray is dead.

    Ray counts as dead when its head or this machine's node does not answer, or when the block has
    not called the function it is given, which says that Ray is up, within START_SECONDS. Works only
    in the main thread, the one that signals reach. Some of Ray's calls ignore signals: then `stuck`
    is called, in another thread, and the process ends with the exit code that it returns. While Ray
    starts, no other thread may get to run: then a process outside prints the error and ends this
    one. Ray's logs, if any, are below `folder`.
    """
    up, lost, left = threading.Event(), threading.Event(), threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield up.set
        return
    todo = "the same command continues from here"
    died = RayLostError(where, "has died", todo=todo)
    error = died

    def out(signum: int, frame: FrameType | None) -> None:
        if not left.is_set():
            raise error

    def interrupt() -> None:
        nonlocal error
        if not up.is_set():
            error = RayLostError(where, lateness(START_SECONDS, folder), todo=todo)
        if left.is_set():  # the signal would end the process
            return
        lost.set()
        signal.pthread_kill(main, _SIGNAL)
        if not left.wait(_PATIENCE):
            code = stuck(error)
            end(started_by(os.getpid()))
            scratch.remove_all()
            os._exit(code)

    ports: list[str] = []
    main = threading.get_ident()
    before = signal.signal(_SIGNAL, out)
    threading.Thread(target=_watch, args=(up, left, ports, interrupt), daemon=True).start()

    try:
        with _watched_from_outside(where, todo, folder) as release:

            def is_up() -> None:
                up.set()
                release()

            yield is_up
    except Exception as other:
        # Ray may wrap the interrupting error, and its death raises others before it is noticed.
        strange = not isinstance(other, GensweepError) and not all(map(_answers, ports))
        if other is not error and (lost.is_set() or strange):
            raise error from other
        raise
    finally:
        left.set()
        signal.signal(_SIGNAL, before)


@contextmanager
def _watched_from_outside(where: str, todo: str, folder: str) -> Iterator[Callable[[], None]]:
    """Run `start_watch` until the function that is yielded is called.

    It acts after the thread in here has had its chance, and ends this process by SIGQUIT. A handler
    in C needs no interpreter, and the number of the signal is the exit code.
    """
    libc = ctypes.CDLL(None)
    libc.signal.argtypes, libc.signal.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
    about = [str(START_SECONDS), str(2.0 * _PATIENCE), str(os.getpid()), where, todo, folder]
    command = [sys.executable, "-I", "-S", start_watch.__file__, *about]
    with unheard_by_children():
        child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    before = libc.signal(UNUSABLE, ctypes.cast(libc._exit, ctypes.c_void_p))

    def release() -> None:
        if child.returncode is None:
            child.communicate()
            libc.signal(UNUSABLE, before)

    try:
        yield release
    finally:
        release()


def started_by(pid: int) -> list[Any]:
    """The processes that one has started, and those have; none before Ray is imported."""
    with suppress(ImportError):
        import psutil  # Ray's own, which can be found once Ray is imported

        with suppress(psutil.NoSuchProcess):
            return [*psutil.Process(pid).children(recursive=True)]
    return []


def end(processes: Iterable[Any]) -> None:
    """Kill those that are still there."""
    for process in processes:
        with suppress(Exception):  # psutil's, of one that is gone
            process.kill()


def _watch(
    up: threading.Event, left: threading.Event, ports: list[str], interrupt: Callable[[], None]
) -> None:
    if not up.wait(START_SECONDS):
        interrupt()
        return
    try:
        ports += _ports()
    except Exception:  # whatever the error, Ray is no longer up
        interrupt()
        return
    misses = 0
    while not left.wait(_PERIOD):
        misses = 0 if all(map(_answers, ports)) else misses + 1
        if misses >= _MISSES:
            interrupt()
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
