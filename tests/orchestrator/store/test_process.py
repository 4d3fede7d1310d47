"""Whether a process still lives is told of this machine's own, and of no other's."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gensweep.orchestrator.store import process
from gensweep.orchestrator.store.process import Process

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="looks at processes through /proc"
)
WHO = (
    "from gensweep.orchestrator.store.process import Process; p = Process.current(); print(repr(p))"
)


def started(child: subprocess.Popen[str]) -> Process:
    """A child as it would call itself: its start is in the 22nd field of its line in /proc."""
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return replace(Process.current(), pid=child.pid, start=fields[22 - 3])


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(["sleep", "600"], text=True) as process:
        yield process
        process.kill()


def test_this_process_is_who_it_says_and_lives() -> None:
    me = Process.current()
    assert (me.pid, me.host) == (os.getpid(), socket.gethostname())
    assert me.alive() is True
    assert str(me) == f"process {os.getpid()} on {socket.gethostname()}"


def test_a_process_calls_itself_what_others_call_it(child: subprocess.Popen[str]) -> None:
    answer = subprocess.run([sys.executable, "-c", WHO], capture_output=True, text=True, check=True)
    found = eval(answer.stdout, {"Process": Process})
    mine = Process.current()
    assert (found.host, found.machine) == (mine.host, mine.machine)
    assert found.alive() is False  # it has ended
    assert int(mine.start) < int(found.start)
    assert started(child).alive() is True


def test_a_killed_process_is_dead_as_soon_as_it_is_killed(child: subprocess.Popen[str]) -> None:
    """It is a zombie until its parent asks for it, which may be never."""
    who = started(child)
    child.send_signal(signal.SIGKILL)
    state, until = "", time.monotonic() + 30
    while state != "Z" and time.monotonic() < until:
        state = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]
    assert who.alive() is False
    child.wait()
    assert who.alive() is False


def test_a_suspended_process_lives(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGSTOP)
    assert started(child).alive() is True


def test_another_process_with_the_same_id_is_another(child: subprocess.Popen[str]) -> None:
    """Ids come round again; the one before cannot have begun at the same tick."""
    who = started(child)
    assert replace(who, start=str(int(who.start) - 1)).alive() is False


def test_nothing_is_known_of_another_machine_even_if_the_id_is_in_use_here() -> None:
    me = Process.current()
    assert replace(me, machine="another boot pid:[1]").alive() is None
    assert replace(me, machine="another boot pid:[1]", pid=2**22 + 1).alive() is None


def test_a_container_is_a_machine_of_its_own() -> None:
    """Its ids are others', though it was booted with its host."""
    me = Process.current()
    boot, _, namespace = me.machine.partition(" ")
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert namespace == str(Path("/proc/self/ns/pid").readlink())


def test_where_the_system_does_not_tell_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    me = Process.current()
    monkeypatch.setattr(process, "_machine", lambda: "")
    assert Process.current().alive() is None
    assert me.alive() is None


def test_a_program_may_have_any_name(tmp_path: Path) -> None:
    odd = shutil.copy(shutil.which("sleep") or "", tmp_path / "a) Z 1 (b")
    with subprocess.Popen([odd, "600"], text=True) as child:
        try:
            assert started(child).alive() is True
        finally:
            child.kill()
