"""A Ray that has died is noticed, whatever the launch is waiting for."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from gensweep.orchestrator import watchdog
from gensweep.orchestrator.errors import RayLostError
from gensweep.orchestrator.watchdog import watch_ray

LONG = 20.0  # seconds; nothing here takes them

# A block that no signal reaches, as in some of Ray's own calls.
DEAF = """
import signal, sys, time
from gensweep.orchestrator import watchdog
watchdog.START_SECONDS, watchdog._PATIENCE = 0.1, 0.2
signal.pthread_sigmask(signal.SIG_BLOCK, [watchdog._SIGNAL])
with watchdog.watch_ray("here"):
    time.sleep(20)
"""


class Pretended:
    """A Ray of two sockets: a head, and this machine's node."""

    def __init__(self) -> None:
        self.head, self.node = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))

    def nodes(self) -> list[dict[str, Any]]:
        port = self.node.getsockname()[1]
        other = {"NodeID": "other", "NodeManagerAddress": "127.0.0.1", "NodeManagerPort": 1}
        return [other, {**other, "NodeID": "mine", "NodeManagerPort": port}]

    def context(self) -> Any:
        address = f"127.0.0.1:{self.head.getsockname()[1]}"
        return SimpleNamespace(gcs_address=address, get_node_id=lambda: "mine")


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pretended]:
    made = Pretended()
    monkeypatch.setattr(ray, "nodes", made.nodes)
    monkeypatch.setattr(ray, "get_runtime_context", made.context)
    monkeypatch.setattr(watchdog, "_PERIOD", 0.05)
    yield made
    made.head.close()
    made.node.close()


def watched(act: Callable[[], Any], seconds: float = LONG) -> None:
    """A block in which Ray is up, something happens, and then there is long nothing."""
    with watch_ray("here") as is_up:
        is_up()
        time.sleep(0.2)
        act()
        time.sleep(seconds)


@pytest.mark.parametrize("which", ["head", "node"])
def test_what_waits_is_interrupted_once_the_head_or_this_machines_node_is_gone(
    pretended: Pretended, which: str
) -> None:
    began = time.monotonic()
    with pytest.raises(RayLostError, match="has died; the same command continues") as caught:
        watched(getattr(pretended, which).close)
    assert caught.value.where == "here"
    assert time.monotonic() - began < LONG / 2


def test_a_ray_that_answers_is_left_alone(pretended: Pretended) -> None:
    watched(lambda: None, seconds=0.5)


def test_a_hiccup_is_not_a_death(pretended: Pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two looks in a row that fail, again and again; one that succeeds asks both."""
    looks = cycle([False, False, True, True])
    monkeypatch.setattr(watchdog, "_answers", lambda address: next(looks))
    watched(lambda: None, seconds=1.0)


def test_a_ray_that_does_not_come_up_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "START_SECONDS", 0.1)
    with pytest.raises(RayLostError, match=r"here: did not start in 0\.1 s"), watch_ray("here"):
        time.sleep(LONG)


def test_a_ray_that_dies_as_soon_as_it_is_up_is_noticed(
    pretended: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise ConnectionError("no head")

    monkeypatch.setattr(ray, "nodes", gone)
    with pytest.raises(RayLostError):
        watched(lambda: None)


def test_what_ray_makes_of_its_death_comes_out_as_that(pretended: Pretended) -> None:
    def act() -> None:
        try:
            pretended.head.close()
            time.sleep(LONG)
        except RayLostError:
            raise RuntimeError("a future was cancelled") from None

    with pytest.raises(RayLostError) as caught:
        watched(act)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_an_error_that_ray_raises_before_its_death_is_noticed_comes_out_as_that(
    pretended: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "_MISSES", 10**6)

    def act() -> None:
        pretended.head.close()
        raise RuntimeError("the connection is closed")

    with pytest.raises(RayLostError, match="has died"):
        watched(act)


def test_other_errors_pass_and_the_signal_is_free_again(pretended: Pretended) -> None:
    before = signal.getsignal(watchdog._SIGNAL)
    with pytest.raises(ZeroDivisionError):
        watched(lambda: 1 / 0)
    assert signal.getsignal(watchdog._SIGNAL) is before


def test_a_death_after_the_block_harms_nobody(
    pretended: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look that was under way when the block ended fails; a signal would end the process."""
    looking, ended = threading.Event(), threading.Event()

    def look(address: str) -> bool:
        looking.set()
        ended.wait(LONG)
        return False

    monkeypatch.setattr(watchdog, "_answers", look)
    monkeypatch.setattr(watchdog, "_MISSES", 1)
    with watch_ray("here") as is_up:
        is_up()
        assert looking.wait(LONG)
    ended.set()
    time.sleep(0.2)


def test_outside_the_main_thread_nothing_is_watched(pretended: Pretended) -> None:
    seen = []

    def body() -> None:
        watched(pretended.head.close, seconds=0.5)
        seen.append("came through")

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert seen == ["came through"]


def test_a_call_that_hears_no_signal_ends_the_process_with_the_errors_line() -> None:
    command = [sys.executable, "-c", DEAF]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 3
    assert done.stdout == ""
    said = "gensweep: error: here: did not start in 0.1 s; the same command continues from here\n"
    assert done.stderr == said


# A thread that holds the interpreter, as the one that starts Ray may: no other in here gets to run.
HOLDING = """
import ctypes, sys
from gensweep.orchestrator import watchdog
watchdog.START_SECONDS, watchdog._PATIENCE = 0.5, 0.2
with watchdog.watch_ray("here", folder=sys.argv[1]):
    ctypes.PyDLL(None).sleep(60)
"""


def test_a_start_that_holds_the_interpreter_is_given_up_from_outside_with_its_reason(
    tmp_path: Path,
) -> None:
    logs = tmp_path / "ray" / "session_2026-01-01_00-00-00_000000_1" / "logs"
    logs.mkdir(parents=True)
    (logs / "worker-1-2.err").write_text(":job_id:01\ncannot open libfoo.so: no such file\n")
    (logs / "raylet.err").write_text("a worker crashed\n")
    command = [sys.executable, "-c", HOLDING, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "gensweep: error: here: did not start in 0.5 s (cannot open libfoo.so: no such file); "
        "the same command continues from here\n"
    )


def test_nobody_outside_watches_a_ray_that_is_up(pretended: Pretended) -> None:
    before = signal.getsignal(signal.SIGQUIT)
    with watch_ray("here") as is_up:
        (child,) = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
        is_up()
        assert not Path(f"/proc/{child}").exists()
    assert signal.getsignal(signal.SIGQUIT) is before
