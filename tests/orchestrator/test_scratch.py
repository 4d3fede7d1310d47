"""Ray's files find a place on machines without a home folder and with long paths."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from gensweep.orchestrator import scratch as module
from gensweep.orchestrator.doctor import _home, _limits, _scratch
from gensweep.orchestrator.errors import ClusterError
from gensweep.orchestrator.limits import ADDRESS_BYTES, check_limits
from gensweep.orchestrator.scratch import environment, homeless, scratch

NOT_WRITABLE = "/proc/1"  # by nobody, root included
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _nowhere_named(monkeypatch: Patch) -> None:
    for name in module._NAMED:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", module._NAMED)
def test_the_first_folder_that_is_named_and_works_is_taken(monkeypatch: Patch, name: str) -> None:
    monkeypatch.setenv(name, "/dev/shm")
    with scratch() as folder:
        assert folder.parent == Path("/dev/shm")


def test_it_is_for_this_user_alone_and_goes_with_the_block() -> None:
    with scratch() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "ray").mkdir()
    assert not folder.exists()


def test_where_it_is_rays_sockets_have_paths_that_are_short_enough(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    longest = Path("/tmp") / ("x" * (module._LONGEST - len("/tmp/")))
    longest.mkdir(exist_ok=True)
    monkeypatch.setenv("TMPDIR", str(longest))
    try:
        with scratch() as folder:
            assert folder.parent == longest
            path = folder / module._SOCKET
            path.parent.mkdir(parents=True)
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(path))
    finally:
        shutil.rmtree(longest)


def too_long(folder: Path) -> str:
    made = folder / ("x" * 90)
    made.mkdir()
    return str(made)


def a_file(folder: Path) -> str:
    (folder / "file").touch()
    return str(folder / "file")


@pytest.mark.parametrize(
    "place", [too_long, a_file, lambda folder: NOT_WRITABLE, lambda folder: "/no-such-folder"]
)
def test_a_place_that_does_not_work_is_passed_over(
    monkeypatch: Patch, tmp_path: Path, place: object
) -> None:
    assert callable(place)
    monkeypatch.setenv("TMPDIR", place(tmp_path))
    with scratch() as folder:
        assert str(folder.parent) in module._USUAL


def test_a_disk_without_space_is_passed_over(monkeypatch: Patch) -> None:
    full = Path("/tmp/gs-full")
    full.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "none", str(full)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        full.rmdir()
        pytest.skip("needs the right to mount a small file system")
    monkeypatch.setenv("TMPDIR", str(full))
    try:
        with scratch() as folder:
            assert str(folder.parent) in module._USUAL
        assert list(full.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", str(full)], check=True)
        full.rmdir()


def test_where_no_place_works_each_is_named_with_its_reason(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_USUAL", (NOT_WRITABLE,))
    monkeypatch.setenv("TMPDIR", too_long(tmp_path))
    with pytest.raises(ClusterError) as caught, scratch():
        pytest.fail("found a place")
    assert f"xxx (its path is longer than {module._LONGEST} bytes), {NOT_WRITABLE} (" in str(
        caught.value
    )
    assert caught.value.todo == "set TMPDIR to one"
    assert _scratch().state == "broken"
    assert _scratch().todo == "set TMPDIR to one"


def test_without_a_home_folder_libraries_keep_their_caches_in_ours(monkeypatch: Patch) -> None:
    monkeypatch.setenv("HOME", NOT_WRITABLE)
    assert homeless(Path("/ours"))["MPLCONFIGDIR"] == "/ours/matplotlib"
    assert _home().state == "absent"
    monkeypatch.setenv("HOME", "/tmp")
    monkeypatch.setenv("USER", "somebody")
    assert homeless(Path("/ours")) == {}


def test_a_user_without_a_name_gets_one(monkeypatch: Patch) -> None:
    def nameless() -> str:
        raise KeyError(f"getpwuid(): uid not found: {os.getuid()}")

    monkeypatch.setattr(module.getpass, "getuser", nameless)
    assert homeless(Path("/ours"))["USER"] == f"uid-{os.getuid()}"


def test_the_environment_is_afterwards_as_before(monkeypatch: Patch) -> None:
    monkeypatch.setenv("MINE", "1")
    before = dict(os.environ)
    with environment({"MINE": "2", "OURS": "3"}):
        assert (os.environ["MINE"], os.environ["OURS"]) == ("1", "3")
    assert dict(os.environ) == before


def test_too_few_addresses_are_said_before_ray_is_started(monkeypatch: Patch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda which: (ADDRESS_BYTES - 1, -1))
    with pytest.raises(ClusterError, match=r"ulimit -v: .*; use `ulimit -v unlimited`"):
        check_limits(own=True)
    assert _limits().state == "broken"
    for enough in (ADDRESS_BYTES, -1):
        monkeypatch.setattr("resource.getrlimit", lambda which, n=enough: (n, -1))
        check_limits(own=True)
        assert _limits().state == "ok"
