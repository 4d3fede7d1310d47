"""A lock has one holder, who is named, and ends with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.store.errors import StoreBusyError, StoreError
from orchestrator.store.lock import hold, holder, is_held

HOLDER = """
import sys, time
from pathlib import Path
from orchestrator.store.lock import hold
with hold(Path(sys.argv[1]), "launch of figure_1"):
    print("held", flush=True)
    time.sleep(600)
"""

WATCHER = """
import sys
from pathlib import Path
from orchestrator.store.lock import is_held
print("looking", flush=True)
while True:
    is_held(Path(sys.argv[1]))
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "results" / "locks" / "launch.lock"


@pytest.fixture
def other(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_held_by_another_process_is_refused_and_its_holder_named(
    lock: Path, other: subprocess.Popen[str]
) -> None:
    with pytest.raises(StoreBusyError) as caught, hold(lock, "launch of table_1"):
        pytest.fail("two processes held the lock")
    assert caught.value.where == str(lock.parent.parent)
    assert f"in use: launch of figure_1 by process {other.pid} on " in str(caught.value)
    assert "UTC" in str(caught.value)


def test_a_killed_holder_no_longer_holds(lock: Path, other: subprocess.Popen[str]) -> None:
    assert is_held(lock)
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert not is_held(lock)
    with hold(lock, "launch of table_1"):
        assert holder(lock).startswith(f"launch of table_1 by process {os.getpid()} on ")


def test_a_lock_is_held_within_its_block_only(lock: Path) -> None:
    assert not is_held(lock)
    with hold(lock, "one"):
        assert is_held(lock)
        with pytest.raises(StoreBusyError, match="in use: one by process"), hold(lock, "two"):
            pytest.fail("the lock was held twice")
        assert is_held(lock)
    assert not is_held(lock)


def test_an_error_in_the_block_frees_the_lock(lock: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold(lock, "one"):
        raise ZeroDivisionError
    assert not is_held(lock)


def test_looking_at_a_lock_never_keeps_anybody_from_taking_it(lock: Path) -> None:
    """A status that is watched must not make a launch fail."""
    with hold(lock, "one"):
        pass
    command = [sys.executable, "-c", WATCHER, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "looking\n"
        try:
            for _ in range(500):
                with hold(lock, "one"):
                    pass
            assert watcher.poll() is None
        finally:
            watcher.kill()


def test_a_lock_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file in the way")
    with (
        pytest.raises(StoreError, match="cannot be written"),
        hold(tmp_path / "locks" / "launch.lock", "one"),
    ):
        pytest.fail("held a lock without a file")


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}'])
def test_a_holder_that_left_no_word_is_another_process(lock: Path, content: str) -> None:
    lock.parent.mkdir(parents=True)
    lock.write_text(content)
    assert holder(lock) == "another process"
