"""A query comes from the command line, from a file or from a pipe, and from one of them alone."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.analysis.database.catalog import VIEWS

Gensweep = Callable[..., Any]

SQL = """-- Two lines, a comment, and what ends a statement.
select model, count(*) as n from trials
group by model order by model;
"""


def test_a_file_and_a_pipe_are_asked_as_the_command_line_is(
    gensweep: Gensweep, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("models.sql").write_text(SQL)
    expected = gensweep("query", "--", SQL)  # as it begins like an option
    assert expected.code == 0
    assert expected.out.startswith("model,n\nalexnet,4\n")
    assert gensweep("query", "--file", "models.sql") == expected
    for arguments in (["-"], ["--file", "-"]):
        monkeypatch.setattr(sys, "stdin", io.StringIO(SQL))
        assert gensweep("query", *arguments) == expected


def test_a_file_that_an_editor_marked_as_utf_8_is_read(gensweep: Gensweep, results: Path) -> None:
    Path("marked.sql").write_bytes(b"\xef\xbb\xbfselect 'caf\xc3\xa9' as word")
    assert gensweep("query", "--file", "marked.sql").out == "word\ncafé\n"


def test_a_real_pipe_is_read(
    process: Callable[..., subprocess.CompletedProcess[str]], results: Path
) -> None:
    done = process("echo 'select 1 + 1 as two;' | gensweep query - --format csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "two\n2\n", "")


def test_one_sweep_can_be_asked_alone(gensweep: Gensweep, results: Path) -> None:
    sizes = "select sweep, count(distinct trial_id) from sweep_trials group by sweep"
    for line in gensweep("query", sizes).out.splitlines()[1:]:
        sweep, size = line.split(",")
        asked = gensweep("query", "select count(*) as n from trials", "--sweep", sweep)
        assert asked.out == f"n\n{size}\n"
    wrong = gensweep("query", "from trials", "--sweep", "nope")
    assert wrong.code == 1
    assert "sweep nope: not in these results; " in wrong.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("query", "Invalid value for SQL: give SQL, or --file PATH, and not both"),
        ("query values(1) --file a.sql", "Invalid value for SQL: give SQL, or --file PATH"),
        ("query --file no.sql", "Invalid value for --file no.sql: cannot be read (No such file"),
        ("query --file results", "Invalid value for --file results: cannot be read (Is a dir"),
        ("query --file empty.sql", "Invalid value for --file empty.sql: is empty"),
        ("query --file latin.sql", "Invalid value for --file latin.sql: is not text in UTF-8"),
        ("query -", "Invalid value for SQL: is empty"),
    ],
)
def test_what_is_no_query_is_a_mistake_of_usage(
    gensweep: Gensweep, results: Path, monkeypatch: pytest.MonkeyPatch, line: str, message: str
) -> None:
    Path("a.sql").write_text(SQL)
    Path("empty.sql").write_text(" \n")
    Path("latin.sql").write_bytes("select 'café'".encode("latin-1"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    done = gensweep(*line.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gensweep: error: gensweep query: {message}")
    assert done.err.count("\n") == 1


def test_an_empty_query_is_a_mistake_of_usage(gensweep: Gensweep, results: Path) -> None:
    done = gensweep("query", " ")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_the_help_names_every_view(gensweep: Gensweep) -> None:
    text = " ".join(gensweep("query", "--help").out.split())
    assert f"{', '.join(VIEWS[:-1])} and {VIEWS[-1]}." in text


@pytest.mark.parametrize("command", ["query", "sql"])
@pytest.mark.parametrize(
    ("sql", "limit", "code", "message"),
    [
        ("select sleep_ms(60000)", "--timeout 0.2", 1, "query: took longer than 0.2 s; stopped"),
        (
            "select list(i) from range(100000000) r(i)",
            "--memory 50MB",
            1,
            "query: does not fit into memory; ask for less, or raise --memory",
        ),
        ("select 1", "--memory 1kB", 1, "query: does not fit into memory; ask for less, or raise"),
        ("select 1", "--memory much", 2, "Invalid value for '--memory': much is no size such as"),
        ("select 1", "--timeout 0", 2, "Invalid value for '--timeout': "),
    ],
)
def test_a_limit_that_is_exceeded_is_a_line(
    gensweep: Gensweep,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    sql: str,
    limit: str,
    code: int,
    message: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(sql))
    arguments = ["-"] if command == "query" else []
    done = gensweep(command, *arguments, *limit.split())
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert message in done.err
