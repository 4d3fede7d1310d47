"""The program ends well whatever its streams are: narrow, closed, full, or without a reader."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.analysis.tables.table import Table
from gensweep.cli import exits, output, streams
from gensweep.cli.formats import Format
from gensweep.cli.live import _MARKS
from gensweep.orchestrator.progress import sparkline

Gensweep = Callable[..., Any]
Process = Callable[..., subprocess.CompletedProcess[str]]

# Runs lines of arguments, each as the program would, and says how each ended.
MANY = """
import json, sys
from gensweep.cli.main import main
codes, lines = [], sys.argv[1].splitlines()
for line in lines:
    sys.argv = ["gensweep", *line.split()]
    try:
        main()
    except SystemExit as leaving:
        codes.append(leaving.code)
with open("codes.json", "w", encoding="utf-8") as told:
    json.dump(codes, told)
"""
LINES = {
    "report --only corruption,claims": 0,
    "show 07bc": 0,
    "diff 07bc d78a": 0,
    "plot 1b": 0,
    "status": 0,
    "watch other": 0,
    "plan é.toml": 0,
    "query from(select'é±')": 0,
    "query from(select'é±') --format json": 0,
    "launch é.toml --dry-run": 0,
    "plan ü.toml": 2,
    "--help": 0,
}
LOCALES: dict[str, dict[str, str]] = {
    "ascii": {"PYTHONIOENCODING": "ascii:strict"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0"},
    "POSIX": {"LC_ALL": "POSIX"},
}
full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_command_ends_well_in_every_locale(results: Path, locale: str) -> None:
    Path("é.toml").write_text('name = "a"\n[[grid]]\nmodel = "inception"\n', "utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    done = subprocess.run(
        [sys.executable, "-c", MANY, "\n".join(LINES)],
        env={**kept, **LOCALES[locale]},
        capture_output=True,
    )
    codes = json.loads(Path("codes.json").read_text("utf-8"))
    assert dict(zip(LINES, codes, strict=True)) == LINES, done.stderr
    assert b"bug in gensweep" not in done.stderr
    assert b"Traceback" not in done.stderr
    if locale in ("ascii", "C"):
        done.stderr.decode("ascii")
    assert '[\n {\n  "' in done.stdout.decode("latin-1")


def encoded(monkeypatch: pytest.MonkeyPatch, encoding: str, **environment: str) -> io.BytesIO:
    """Stdout of that encoding, as the program sets it up; returns what it has written."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, write_through=True))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding))
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    streams.prepare()
    return raw


def test_what_a_stream_lacks_is_written_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = sparkline([0.0, 0.5, 1.0])
    marks = "".join(mark for mark, _ in _MARKS.values())
    table = Table(
        "t", ["a", "b"], [["1 ± 2", "x"], ["≤ ∞ × –", "y"]], title=f"… {bars} {marks} é €"
    )
    raw = encoded(monkeypatch, "ascii", COLUMNS="60")
    output.emit([table], Format.TABLE)
    title, _, _, first, second = (
        line.rstrip() for line in raw.getvalue().decode("ascii").split("\n")[:5]
    )
    assert title == r"... _=# +!=x \xe9 \u20ac"
    assert first.startswith("1 +/- 2")
    assert first.index("x") == second.index("y")  # columns stand below each other


def test_data_are_utf8_and_json_is_ascii_whatever_the_locale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = Table("t", ["a"], [["é±€"]])
    raw = encoded(monkeypatch, "ascii")
    output.emit([table], Format.CSV)
    assert raw.getvalue().decode("utf-8") == "a\né±€\n"
    raw = encoded(monkeypatch, "latin-1")
    output.emit([table], Format.JSONL)
    assert raw.getvalue() == b'{"a": "\\u00e9\\u00b1\\u20ac"}\n'


@pytest.mark.parametrize("columns", ["0", "00", "-1", "²", "x", "", "99999999999999"])
def test_a_width_that_is_none_is_not_taken(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    raw = encoded(monkeypatch, "utf-8", COLUMNS=columns, LINES=columns)
    output.emit([Table("t", ["a"], [["x" * 30]])], Format.TABLE)
    assert "x" * 30 in raw.getvalue().decode()
    assert "COLUMNS" not in os.environ


def test_a_terminal_of_no_columns_is_drawn_on_all_the_same() -> None:
    import pty

    pid, terminal = pty.fork()  # which has no size until somebody gives it one
    if pid == 0:
        os.environ.pop("COLUMNS", None)
        os.execv(sys.executable, [sys.executable, "-m", "gensweep", "data", "list"])
    written = b""
    while True:
        try:
            written += os.read(terminal, 65536)
        except OSError:
            break
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"cifar10" in written


@pytest.mark.parametrize("module", ["gensweep", "gensweep.cli.main"])
def test_as_a_module_it_is_the_same_program(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "plan", "no.toml"], capture_output=True)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"gensweep: error: no.toml: no such sweep file")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_file_and_no_error(
    process: Process, results: Path, closed: str
) -> None:
    done = process(f"gensweep query 'select 1 as a' {closed}; gensweep query nonsense {closed}")
    assert done.returncode == 1
    assert done.stdout == ("" if " >&-" in f" {closed}" else "a\n1\n")
    assert ("Parser Error" in done.stderr) == ("2>&-" not in closed)
    assert "bug in gensweep" not in done.stderr


def test_no_file_takes_the_place_of_a_closed_stream(process: Process, results: Path) -> None:
    done = process("gensweep report --html a.html 2>&- >&- && head -c 15 a.html")
    assert (done.returncode, done.stdout) == (0, "<!doctype html>")
    assert "wrote" not in Path("a.html").read_text("utf-8")


@full_disk
@pytest.mark.parametrize(
    "line", ["query 'select 1'", "query 'select 1' --format json", "status", "--help"]
)
def test_a_command_that_prints_says_that_the_disk_is_full(
    process: Process, results: Path, line: str
) -> None:
    done = process(f"gensweep {line} > /dev/full")
    assert done.returncode == 3
    assert done.stderr == "gensweep: error: system: No space left on device\n"


@full_disk
@pytest.mark.parametrize(
    ("line", "code"),
    [("compact", 0), ("query nonsense", 1), ("export out --format csv", 0), ("plan no.toml", 2)],
)
def test_messages_that_nobody_gets_stop_nothing(
    process: Process, results: Path, line: str, code: int
) -> None:
    done = process(f"gensweep {line} 2> /dev/full; echo $?")
    assert done.stdout == f"{code}\n"
    assert done.stderr == ""
    assert Path("out/trials.csv").exists() == line.startswith("export")


def on_pipe(monkeypatch: pytest.MonkeyPatch, out: int) -> None:
    """Stdout is that file. The stream must not be used by others, as it may be put elsewhere."""
    monkeypatch.setattr(sys, "stdout", os.fdopen(out, "w", encoding="utf-8"))


@pytest.mark.parametrize(("reading", "code"), [(False, 0), (True, 3)])
def test_a_broken_pipe_is_no_error_only_where_it_is_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reading: bool, code: int
) -> None:
    read, write = os.pipe()
    if not reading:
        os.close(read)

    def fail() -> None:
        raise BrokenPipeError(32, "Broken pipe")  # perhaps that of a connection

    with monkeypatch.context() as patch:
        on_pipe(patch, write)
        assert exits.run(fail, debug=False) == code
        sys.stdout.close()
    assert ("system: Broken pipe" in capsys.readouterr().err) == reading


@full_disk
@pytest.mark.parametrize("full", [False, True])
def test_what_works_goes_on_where_its_report_cannot_be_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], full: bool
) -> None:
    read, write = os.pipe()
    os.close(read)

    def work() -> int:
        with exits.printing_beside("the report"):
            output.emit([Table("t", ["a"], [[1]])], Format.TABLE)
        return 1

    with monkeypatch.context() as patch:
        on_pipe(patch, os.open("/dev/full", os.O_WRONLY) if full else write)
        assert exits.run(work, debug=False) == 1
        sys.stdout.close()
    said = "gensweep: warning: the report cannot be printed: No space left on device\n"
    assert capsys.readouterr().err == (said if full else "")


def test_sql_from_a_pipe_is_utf8_or_said_not_to_be(process: Process, results: Path) -> None:
    for command in ("query -", "sql"):
        done = process(f"printf \"select '\\xc3\\xa9' as a;\" | gensweep {command}", LC_ALL="C")
        assert (done.stdout, done.stderr) == ("a\né\n", "")
        done = process(f"printf \"select '\\xe9' as a;\" | gensweep {command}")
        assert done.returncode in (1, 2)
        assert "not text in UTF-8" in done.stderr
