"""Each cause for which Ray does not start has a remedy of its own, and an unknown cause none."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gensweep.orchestrator.errors import RayLostError
from gensweep.orchestrator.ray_start import CAUSES, not_started

LATE = Exception("The current node timed out during startup. This could happen because ...")


def system(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/tmp/somewhere")


@pytest.mark.parametrize(
    ("error", "todo"),
    [
        (system(errno.ENOSPC), "free some"),
        (system(errno.EDQUOT), "free some"),
        (OSError("AF_UNIX path length cannot exceed 107 bytes: /a"), "set TMPDIR to a shorter one"),
        (system(errno.EMFILE), "ulimit -n"),
        (system(errno.EAGAIN), "ulimit -u"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (ValueError("The configured object store size (1 GB) exceeds /dev/shm size"), "/dev/shm"),
        (system(errno.ENOMEM), "ulimit -v"),
        (MemoryError(), "ulimit -v"),
        (system(errno.EADDRINUSE), "RAY_ variables that name a port"),
        (ValueError("Port 6379 is already in use"), "RAY_ variables that name a port"),
        (system(errno.EACCES), "see the file that is named"),
        (system(errno.EROFS), "see the file that is named"),
    ],
)
def test_what_ray_raises_has_the_remedy_of_its_cause(
    tmp_path: Path, error: Exception, todo: str
) -> None:
    said = not_started(error, tmp_path)
    assert todo in said.todo
    assert (str(error) or "MemoryError") in said.what
    assert not isinstance(said, RayLostError)  # another Ray would not start either


def test_no_two_causes_have_the_same_remedy() -> None:
    assert len({cause.todo for cause in CAUSES}) == len(CAUSES)


def test_a_ray_that_only_took_too_long_may_be_followed_by_another(tmp_path: Path) -> None:
    said = not_started(LATE, tmp_path)
    assert isinstance(said, RayLostError)
    assert said.todo == "try again when the machine is less busy"


def logged(folder: Path, name: str, line: str) -> Path:
    logs = folder / "ray" / "session_2026-01-01_00-00-00_000000_1" / "logs"
    logs.mkdir(parents=True)
    (logs / name).write_text(f"a line before\n{line}\n")
    return folder


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("gcs_server.err", "terminate called after throwing an instance of 'std::bad_alloc'"),
        ("raylet.out", "[2026-01-01 00:00:00,000 E 17 17] (raylet) a.cc:1: Cannot allocate memory"),
    ],
)
def test_where_ray_only_waited_its_logs_have_the_cause(
    tmp_path: Path, name: str, line: str
) -> None:
    said = not_started(LATE, logged(tmp_path, name, line))
    assert "has too little memory" in said.what
    assert line in said.what


def test_what_ray_logs_without_an_error_is_no_cause(tmp_path: Path) -> None:
    line = "[2026-01-01 00:00:00,000 I 17 17] (raylet) a.cc:1: Permission denied: None"
    assert isinstance(not_started(LATE, logged(tmp_path, "raylet.out", line)), RayLostError)


def test_an_unknown_cause_gets_no_guess(tmp_path: Path) -> None:
    said = not_started(RuntimeError("the stars\nare not right"), tmp_path)
    assert said.what == "cannot be started (RuntimeError: the stars are not right)"
    assert said.todo == "see `gensweep doctor`"
