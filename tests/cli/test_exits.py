"""How the program ends: by its exit code, and with a line for a person where something is wrong."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gensweep.cli.query
from gensweep.analysis.database.errors import ExportError, QueryError
from gensweep.cli import exits
from gensweep.cli.codes import Exit
from gensweep.orchestrator.doctor import Finding
from gensweep.orchestrator.errors import ClusterError, SpecError
from gensweep.orchestrator.store.errors import StoreError
from gensweep.trainables.errors import (
    CheckpointError,
    DataError,
    DeviceMemoryError,
    GensweepError,
    TrialError,
)

Gensweep = Callable[..., Any]


MISTAKE, PLEASE = "this is a bug in gensweep", "please report what --debug shows"


def kinds(base: type[GensweepError]) -> set[type[GensweepError]]:
    return {base}.union(*map(kinds, base.__subclasses__()))


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(gensweep.cli.query, "opened", fail)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (QueryError("query", "is wrong"), 1, "error: query: is wrong"),
        (
            SpecError([GensweepError("a.toml:1", "is wrong", "x")]),
            2,
            "error: a.toml:1: is wrong; x",
        ),
        (ExportError("export to a", "is there", todo="x"), 2, "error: export to a: is there; x"),
        (TrialError("crop", "cannot be", "flip"), 2, "error: crop: cannot be; flip"),
        (StoreError("results", "is no folder"), 3, "error: results: is no folder"),
        (DataError("dataset a", "is not there", "", "x"), 3, "error: dataset a: is not there; x"),
        (ClusterError("auto", "cannot be\nreached"), 3, "error: auto: cannot be reached"),
        (OSError(errno.ENOSPC, "No space left", "a/b"), 3, "error: a/b: No space left"),
        (OSError("no reason"), 3, "error: system: no reason"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            ZeroDivisionError("by\nzero"),
            3,
            f"error: {MISTAKE}: ZeroDivisionError: by zero; {PLEASE}",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["", "debug"])
def test_whatever_is_raised_becomes_a_line_and_a_code(
    gensweep: Gensweep,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    line: str,
    debug: tuple[str, ...],
) -> None:
    raising(monkeypatch, error)
    done = gensweep("query", "select 1", *debug)
    assert (done.code, done.out) == (code, "")
    assert done.err.endswith(f"gensweep: {line}\n")
    traced = bool(debug) and not isinstance(error, KeyboardInterrupt)
    assert ("Traceback (most recent call last)" in done.err) == traced
    assert (done.err.count("\n") == 1) != traced


def test_every_kind_of_error_is_among_the_above() -> None:
    known = {
        GensweepError,
        ExportError,
        QueryError,
        SpecError,
        TrialError,
        StoreError,
        DataError,
        ClusterError,
    }
    of_workers = {CheckpointError, DeviceMemoryError}  # who deal with them
    found = {kind for kind in kinds(GensweepError) if kind.__mro__[1] is GensweepError}
    assert found <= known | of_workers


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_where_an_error_came_from_wherever_it_stands(
    gensweep: Gensweep, results: Path, place: str
) -> None:
    line = ["query", "selec"]
    done = gensweep(*(["--debug", *line] if place == "before" else [*line, "--debug"]))
    assert done.code == 1
    assert 'File "' in done.err
    assert "ParserException" in done.err
    assert done.err.splitlines()[-1].startswith("gensweep: error: query: Parser Error")


def test_debug_changes_nothing_where_nothing_is_wrong(gensweep: Gensweep, results: Path) -> None:
    assert gensweep("status", "--debug") == gensweep("status")


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("absent", 0), ("broken", 3)])
def test_the_doctor_ends_with_3_where_something_is_broken(
    gensweep: Gensweep, monkeypatch: pytest.MonkeyPatch, state: Any, code: int
) -> None:
    findings = [Finding("torch", "ok", "2.0"), Finding("results", state, "about it", "do this")]
    monkeypatch.setattr("gensweep.orchestrator.doctor.examine", lambda *_: findings)
    done = gensweep("doctor", "--format", "csv")
    assert (done.code, done.err) == (code, "")
    assert f"results,{state},about it,do this" in done.out


def test_the_codes_are_those_of_the_contract() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "UNUSABLE": 3,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize(("files", "lines"), [(0, 0), (20, 20), (21, 21), (300, 21)])
def test_many_damaged_files_take_a_screen_and_no_more(
    files: int, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    exits.warn(f"live/{number}.parquet: empty" for number in range(files))
    said = capsys.readouterr().err.splitlines()
    assert len(said) == lines
    if files > 20:
        assert said[-1].endswith(f"cannot be read: {files - 20} more files")
