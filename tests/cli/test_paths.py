"""A path means what its writer means, and no program behind us reads more into it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.store.bucket import BucketPath
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.location import locate
from gensweep.orchestrator.store.paths import user_path

Gensweep = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def test_a_tilde_is_the_home_folder_and_after_a_dot_it_is_a_name(home: Path) -> None:
    assert user_path("~/results") == locate("~/results") == home / "results"
    assert user_path("./~") == Path("~")
    assert user_path("a/~") == Path("a/~")
    assert user_path("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")


@pytest.mark.parametrize("text", ["a\0b", "a" * 256, "é" * 128, "a/" * 3000])
def test_what_no_path_can_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"NUL|too long"):
        user_path(text)
    with pytest.raises(StoreError, match="results folder"):
        locate(text)


def test_a_bucket_is_no_path() -> None:
    found = locate("s3://bucket/~/[1]")
    assert isinstance(found, BucketPath)
    assert found.address == "bucket/~/[1]"


COMMANDS = [
    ("plan", "{}"),
    ("launch", "{}", "--dry-run"),
    ("query", "--file", "{}"),
    ("report", "--html", "{}"),
    ("export", "{}", "--format", "csv"),
    ("plot", "figure_1a", "--output", "{}.png"),
    ("data", "list", "--data", "{}"),
    ("data", "prepare", "mnist", "--from", "{}"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_a_path_that_is_too_long_is_a_mistake_in_the_command(
    gensweep: Gensweep, results: Path, command: tuple[str, ...]
) -> None:
    done = gensweep(*(part.format("x" * 300) for part in command))
    assert done.code == 2
    assert "is too long for a path" in done.err
    assert len(done.err.splitlines()) == 1


def test_every_command_finds_what_is_in_the_home_folder(
    gensweep: Gensweep, results: Path, home: Path
) -> None:
    shutil.copytree(results, home / "res")
    (home / "count.sql").write_text("select count(*) from trials")
    expected = gensweep("query", "select count(*) from trials").out
    done = gensweep("query", "--file=~/count.sql", "--results=~/res")
    assert (done.code, done.out) == (0, expected)
    for view in ("--format=csv", "--format=duckdb", "--format=parquet"):
        done = gensweep("export", f"~/out-{view[9:]}", view, "--results=~/res")
        assert done.code == 0, done.err
        assert (home / f"out-{view[9:]}").exists()
    assert gensweep("report", "--html=~/page.html", "--results=~/res").code == 0
    assert (home / "page.html").exists()
    assert not Path("~").exists()


@pytest.mark.parametrize("name", ["runs[1]", "runs*", "runs?", "runs**", "{runs1,x}", "it's", "~"])
def test_a_folder_whose_name_is_a_pattern_is_only_itself(
    gensweep: Gensweep, results: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(results, tmp_path / name)
    gensweep("compact", "--results", f"./{name}")
    expected = gensweep("query", "select count(*) from trials").out
    for other in ("runs1", "runsX"):
        (tmp_path / other).mkdir()
        shutil.copytree(tmp_path / name / "tables", tmp_path / other / "tables")
        for file in (tmp_path / other / "tables").iterdir():
            file.write_bytes(b"not a table")
    done = gensweep("query", "select count(*) from trials", "--results", f"./{name}")
    assert (done.code, done.out) == (0, expected)
