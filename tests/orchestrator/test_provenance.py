"""Every row says what code and which libraries it comes from."""

from __future__ import annotations

import json
import platform
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from gensweep.orchestrator import provenance
from gensweep.orchestrator.provenance import git_commit, versions


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """What was found stays known for as long as a process lives."""
    git_commit.cache_clear()
    yield
    git_commit.cache_clear()


def git(folder: Path, *arguments: str) -> str:
    about = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *about, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, of which gensweep is made to believe that it lives there."""
    (tmp_path / "orchestrator").mkdir()
    code = tmp_path / "orchestrator" / "provenance.py"
    code.write_text("# code")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    monkeypatch.setattr(provenance, "__file__", str(code))
    return tmp_path


def test_the_commit_is_that_of_the_checkout(checkout: Path) -> None:
    assert git_commit() == git(checkout, "rev-parse", "HEAD")[:12]
    assert re.fullmatch("[0-9a-f]{12}", git_commit())


def test_a_changed_file_shows_and_a_new_one_does_not(checkout: Path) -> None:
    (checkout / "notes.txt").write_text("new")
    clean = git_commit()
    (checkout / "orchestrator" / "provenance.py").write_text("# other code")
    git_commit.cache_clear()
    assert git_commit() == f"{clean}+"


@pytest.mark.parametrize("how", ["none", "outer", "no git"])
def test_outside_a_checkout_of_its_own_there_is_no_commit(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    if how == "none":
        (checkout / ".git").rename(checkout / "not-git")
    elif how == "outer":  # installed somewhere inside another project's checkout
        inner = checkout / "venv" / "orchestrator"
        inner.mkdir(parents=True)
        monkeypatch.setattr(provenance, "__file__", str(inner / "provenance.py"))
    else:
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit() == ""


def test_the_versions_are_those_that_are_installed() -> None:
    found = versions()
    assert found["python"] == platform.python_version()
    assert found["pyarrow"] == pyarrow.__version__
    assert {"gensweep", "torch", "ray", "numpy"} <= set(found)


def test_a_row_gets_host_commit_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Any = provenance.provenance("abc+")
    assert (found.host, found.git_commit) == (socket.gethostname(), "abc+")
    assert json.loads(found.versions) == versions()
