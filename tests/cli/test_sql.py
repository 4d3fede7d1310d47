"""The shell: statements of many lines, history, completion, and pipes."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import gensweep.cli.prompt
from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.cli.formats import Format
from gensweep.cli.prompt import history_file, session
from gensweep.cli.shell import Shell, blank, complete, split
from gensweep.cli.sql import converse

Gensweep = Callable[..., Any]
ENTER, CTRL_C, CTRL_D, UP = "\r", "\x03", "\x04", "\x1b[A"
HARMLESS = ["select 1", "';'", '"a;b"', "-- a; comment\n", "/* ; */", "$$ ; $$", "$t$;$$;$t$", "\n"]


@given(st.lists(st.lists(st.sampled_from(HARMLESS), min_size=1).map(" ".join), max_size=5))
def test_only_a_semicolon_that_is_not_quoted_or_commented_ends_a_statement(
    statements: list[str],
) -> None:
    assert split(";".join([*statements, ""])) == (statements, "")


@pytest.mark.parametrize("open_", ["select ';", 'select ";', "/* ;", "$$ ;", "$a$ ; $$"])
def test_what_is_not_closed_has_not_ended(open_: str) -> None:
    assert split(open_) == ([], open_)
    assert complete(open_) == blank(open_)


def test_enter_runs_what_has_ended_and_commands() -> None:
    assert all(map(complete, ["select 1;", "select 1; -- done", ".views", "", "  \n", "-- note"]))
    assert not any(map(complete, ["select 1", "select 1; select 2", "select ';", "-- ;\nselect"]))


@pytest.fixture
def keys(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Type into a shell over the results until it is left, with a history of its own."""
    monkeypatch.setattr(gensweep.cli.prompt, "user_state_path", lambda *_, **__: tmp_path)

    def type_(text: str) -> None:
        with create_pipe_input() as typed, Database(results) as db:
            typed.send_text(text)
            converse(Shell(db, Format.CSV), session(db, input=typed, output=DummyOutput()))

    return type_


def test_a_statement_may_have_many_lines(keys: Any, capsys: pytest.CaptureFixture[str]) -> None:
    keys(f"select 1 as a,{ENTER}2 as b;{ENTER}.quit{ENTER}")
    assert capsys.readouterr().out == "a,b\n1,2\n"


def test_ctrl_c_clears_and_ctrl_d_leaves(keys: Any, capsys: pytest.CaptureFixture[str]) -> None:
    keys(f"select 1 as never{CTRL_C}select 2 as b;{ENTER}{CTRL_D}")
    assert capsys.readouterr() == ("b\n2\n", "")


def test_a_mistake_is_a_line_and_the_shell_goes_on(
    keys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    keys(f"selec 1;{ENTER}drop view trials;{ENTER}.nope{ENTER}select 3 as c;{ENTER}.quit{ENTER}")
    out, err = capsys.readouterr()
    assert out == "c\n3\n"
    lines = err.splitlines()
    assert [line.split(":")[1:3] for line in lines] == [
        [" error", " query"],
        [" error", " query"],
        [" error", " .nope"],
    ]


def test_what_was_asked_is_remembered_for_the_next_time(
    keys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    keys(f"select 41 + 1 as answer;{ENTER}.quit{ENTER}")
    assert "select 41 + 1 as answer;" in history_file().read_text()
    keys(f"{UP}{UP}{ENTER}.quit{ENTER}")
    assert capsys.readouterr().out == "answer\n42\n" * 2


def completions(results: Path, text: str) -> set[str]:
    with create_pipe_input() as typed, Database(results) as db:
        completer = session(db, input=typed, output=DummyOutput()).completer
        assert completer
        return {c.text for c in completer.get_completions(Document(text), CompleteEvent())}


def test_views_columns_and_keywords_are_completed(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gensweep.cli.prompt, "user_state_path", lambda *_, **__: tmp_path)
    assert set(VIEWS) <= completions(results, "select 1 from ")
    assert completions(results, "select final_test_e") == {"final_test_error"}
    assert "group by" in completions(results, "from trials GRO")
    assert "convergence" in completions(results, "from conv")


def test_a_long_result_is_shown_from_its_beginning_and_a_pipe_gets_all(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Database(results) as db:
        Shell(db, Format.MARKDOWN).run("from range(1000);", people=True)
        shown = capsys.readouterr().out
        Shell(db, Format.CSV).run("from range(1000);")
        piped = capsys.readouterr().out
    assert "| 199 |" in shown
    assert "| 200 |" not in shown
    assert "the first 200 of 1000 rows" in shown
    assert len(piped.splitlines()) == 1001


def test_the_commands_say_what_there_is(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Database(results) as db:
        shell = Shell(db, Format.CSV)
        assert all(map(shell.run, (".help", ".refresh", ".views", ".views sweep_trials")))
        assert not shell.run(".quit")
    out = capsys.readouterr().out
    assert "Ctrl-D" in out
    assert "\n".join(["view", *VIEWS]) in out
    assert out.endswith("column_name,data_type\nsweep,VARCHAR\ntrial_id,VARCHAR\nfeed,VARCHAR\n")


@pytest.mark.parametrize("word", ["quit", "exit", ".exit", "\\q", "quit;", " exit ;"])
def test_the_words_of_other_shells_leave_too(keys: Any, capsys: Any, word: str) -> None:
    keys(f"{word}{ENTER}select 1 as never;{ENTER}")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("word", [".tables", "\\d", "\\dt", ".schema"])
def test_the_words_of_other_shells_list_the_views(keys: Any, capsys: Any, word: str) -> None:
    keys(f"{word}{ENTER}quit{ENTER}")
    assert capsys.readouterr().out.splitlines() == ["view", *VIEWS]


def test_statements_that_begin_like_a_command_are_statements(keys: Any, capsys: Any) -> None:
    keys(f"from (select 1 as quit);{ENTER}quit{ENTER}")
    assert capsys.readouterr().out == "quit\n1\n"


def test_statements_come_down_a_pipe(
    gensweep: Gensweep, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "select 1 as a;\nselect ';' as b,\n 2 as c; -- done\nselect 3 as d"
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert gensweep("sql") == (0, "a\n1\nb,c\n;,2\nd\n3\n", "")
    monkeypatch.setattr(sys, "stdin", io.StringIO("select count(*) as n from trials;"))
    assert gensweep("sql", "other").out == "n\n1\n"


def test_a_pipe_ends_at_the_first_mistake(
    process: Callable[..., subprocess.CompletedProcess[str]], results: Path
) -> None:
    done = process("printf 'select 1 as a;\\nselec;\\nselect 2;' | gensweep sql")
    assert (done.returncode, done.stdout) == (1, "a\n1\n")
    assert done.stderr.startswith("gensweep: error: query: Parser Error")
    assert done.stderr.count("\n") == 1


def test_a_long_text_without_a_statement_is_read_in_no_time_and_refused(
    gensweep: Gensweep, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a\n" * 100_000))
    begun = time.monotonic()
    assert gensweep("sql").code == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("a\n" * 600_000))
    assert gensweep("sql").err.endswith("has a statement of more than 1,000,000 characters\n")
    assert time.monotonic() - begun < 10
