"""benchmarks/hostile_folders.py: that it sees what must not happen, and that nothing of it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
linux = pytest.mark.skipif(sys.platform != "linux", reason="it watches files with inotify")


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import hostile_folders

    return hostile_folders


@linux
def test_hostile_folders_cause_nothing_that_must_not_happen(program: ModuleType) -> None:
    count = str(len(program.KINDS))
    command = [sys.executable, "hostile_folders.py", "--count", count, "--seconds", "60"]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    *_, total, _ = done.stdout.splitlines()
    assert total.split() == ["total", count, *"000000"]


@linux
def test_it_sees_what_is_opened_and_changed_outside(program: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    path = tmp_path / "inner" / "secret.txt"
    path.write_text("a secret")
    before, watch = program.digest(tmp_path), program.Watch(tmp_path)
    list(watch.opened())
    path.stat()
    assert list(watch.opened()) == []
    path.read_text()
    assert list(watch.opened()) == ["inner/secret.txt"]
    path.write_text("another")
    assert program.digest(tmp_path) != before


@linux
def test_it_sees_mistakes_hangs_and_crashes(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import os
    import time

    def mistaken(place: object) -> int:
        raise KeyError("no such thing")

    commands = {
        "mistake": mistaken,
        "long line": lambda place: program.exits.say("x" * 3000),
        "crash": lambda place: os.abort(),
        "hang": lambda place: time.sleep(60),
    }
    monkeypatch.setattr(program, "READING", commands)
    place = program.Place(tmp_path / "results", tmp_path)
    found = [
        fault
        for names in (["mistake", "long line", "hang"], ["crash"])
        for fault, _ in program._in_a_fork(place, names, 2)
    ]
    assert found == ["mistakes", "long lines", "hangs", "crashes"]
