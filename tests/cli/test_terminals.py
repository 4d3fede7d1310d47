"""Nothing that stands in a results folder, or in a file's name, gives orders to a terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.text import Text

from gensweep.analysis.database.connection import Database
from gensweep.analysis.progress.watch import look
from gensweep.analysis.tables.figure import Curve, line_figure
from gensweep.analysis.tables.table import Table
from gensweep.cli import output
from gensweep.cli.console import SafeConsole
from gensweep.cli.formats import Format
from gensweep.cli.live import picture
from gensweep.orchestrator.job import Progress
from gensweep.orchestrator.progress import LiveDisplay, PlainDisplay
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.errors import GensweepError
from gensweep.trainables.shown import line, shown

Gensweep = Callable[..., Any]

# Clears the screen, writes the clipboard, is a link; 8-bit controls; turns text around; has no
# width; ends lines; is no character; is rich's markup, a pipe's or a document's.
HOSTILE = (
    "\x1b[2J\x1b]52;c;aGk=\x07\x1b]8;;http://a/\x1b\\b\x9b31m\x90\x00\x7f\b\r\t\n\x85"
    "\u202e\u2066\u200f\u061c\u200b\ufeff\u2028\u2029\U000e0041[red]:smile:|`<b>\\end{verbatim}$x$"
)
NAME = os.fsdecode(b"a\xff") + "".join(c for c in HOSTILE if c not in "/\x00")
FORMATS = [str(format_) for format_ in Format]
READING = {
    "status": "status",
    "report": "report",
    "show": "show 07bc",
    "query": "query 'from trials order by all'",
    "pivot": "query 'pivot (select host, seed from trials) on host using count(*)'",
    "sweeps": "query 'from sweep_trials order by all'",
    "diff": "diff 07bc d78a",
    "plot": "plot learning_curves",
    "points": "plot 1b",
    "wrong": "query \x1b[2J\u202e",
    "no trial": "show \x1b[2J\u202e",
    "no such folder": "status --results \x1b[2J\udcff",
}


def orders(text: str, kept: str = "\n") -> set[str]:
    """The characters of a text that a terminal would obey or hide."""
    unseen = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {c for c in set(text) - set(kept) if unicodedata.category(c) in unseen}


def spoil(value: Any) -> Any:
    """With what is hostile behind every text."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, dict):
        return {key: spoil(one) for key, one in value.items()}
    return [spoil(one) for one in value] if isinstance(value, list) else value


def spoil_table(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    rows = [{k: spoil(v) if k in columns else v for k, v in r.items()} for r in table.to_pylist()]
    return pa.Table.from_pylist(rows, schema=table.schema)


@pytest.fixture(scope="module")
def spoiled(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results whose texts, leases and names of files are hostile."""
    import shutil

    root = tmp_path_factory.mktemp("spoiled") / "results"
    shutil.copytree(made, root)
    said = ["host", "device", "git_commit", "versions", "error", "measurements"]
    labels = ["dataset", "model", "randomization", "regularizer"]
    for index, file in enumerate(sorted((root / "live").glob("*.parquet"))):
        table = pq.read_table(file)
        table = spoil_table(table, said if index % 2 else said + labels)
        pq.write_table(table, file)
    for file in sorted((root / "sweeps").glob("*.parquet")):
        pq.write_table(spoil_table(pq.read_table(file), ["feed"]), file)
        with file.with_stem(NAME[:60]).open("wb") as other:
            pq.write_table(spoil_table(pq.read_table(file), ["sweep"]), other)
    (root / "live" / f"{NAME[:60]}.parquet").write_bytes(b"PAR1")
    return root


@pytest.fixture
def here(spoiled: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("GENSWEEP_RESULTS", "GENSWEEP_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(spoiled.parent)
    store = Store.open("results")
    with claim_trials(store, f"launch{HOSTILE}", ["d78a115adc5c"]) as lease:
        (claim,) = (spoiled / "leases").glob("*.json")
        claim.write_text(json.dumps(spoil(json.loads(claim.read_text()))))
        yield lease


def words(command: str) -> list[str]:
    import shlex

    return shlex.split(READING[command])


def check(done: Any, command: str) -> None:
    assert "bug in gensweep" not in done.err, command
    assert orders(done.err) == set(), command
    assert orders(done.out, kept="\n\t") == set(), command


def test_no_command_passes_an_order_on(here: Any, gensweep: Gensweep) -> None:
    for command in READING:
        check(gensweep(*words(command), width=80), command)


@pytest.mark.parametrize("width", [80, None], ids=["terminal", "pipe"])
@pytest.mark.parametrize("format_", FORMATS)
def test_no_format_passes_an_order_on(
    here: Any, gensweep: Gensweep, format_: str, width: int | None
) -> None:
    for command in ("status", "query"):
        done = gensweep(*words(command), "--format", format_, width=width)
        if (format_, width) == ("csv", None):
            assert HOSTILE in done.out
        else:
            check(done, command)


def test_formats_for_programs_keep_the_value(here: Any, gensweep: Gensweep) -> None:
    asked = "select host, status from trials where status = 'done' limit 1"
    (row,) = json.loads(gensweep("query", asked, "--format", "json").out)
    assert row["host"] == f"a-host{HOSTILE}"
    (row,) = csv.DictReader(
        io.StringIO(gensweep("query", asked, "--format", "csv").out, newline="")
    )
    assert row["host"] == f"a-host{HOSTILE}"


def test_a_page_gives_no_orders(here: Any, gensweep: Gensweep) -> None:
    done = gensweep("report", "--only", "corruption", "--html", "-")
    assert done.code == 0
    assert orders(done.out, kept="\n\t") == set()
    assert "<b>\\end" not in done.out
    assert "\\x1b[2J" in done.out


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_a_picture_is_drawn_whatever_a_label_says(tmp_path: Path, ending: str) -> None:
    from xml.etree import ElementTree

    from gensweep.analysis.drawing.picture import save

    figure = line_figure([Curve(f"a{HOSTILE}$\\frac$", [1, 2], [1, 2])], "x", "y", x_end=2, y_end=2)
    save(figure, tmp_path / f"a.{ending}")
    if ending == "svg":
        ElementTree.parse(tmp_path / "a.svg")


def test_what_a_launch_shows_gives_no_orders() -> None:
    trial = ClassifierTrial(model="mlp_1x512", epochs=3)
    for display in (PlainDisplay, LiveDisplay):
        out = io.StringIO()
        console = SafeConsole(file=out, width=80)
        shows = display(console, {"a": trial})
        shows._state.labels["a"] = f"label{HOSTILE}"
        shows.started("a")
        console.print(shows if display is LiveDisplay else "")
        shows.progressed(Progress("a", "failed", error=f"error{HOSTILE}"))
        shows.said(f"said{HOSTILE}")
        shows.lost("a", f"reason{HOSTILE}")
        assert orders(out.getvalue()) == set()
        assert "[red]" in out.getvalue()
        assert "\\x1b[2J" in out.getvalue()


def test_what_watch_shows_gives_no_orders(here: Any, gensweep: Gensweep) -> None:
    out = io.StringIO()
    console = SafeConsole(file=out, width=80, height=60)
    with Database("results") as db:
        console.print(picture(f"title{HOSTILE}", look(db), console))
    assert orders(out.getvalue()) == set()
    assert "\\x1b[2J" in out.getvalue()
    check(gensweep("watch", "other"), "watch")


def test_colours_are_the_consoles_own() -> None:
    out = io.StringIO()
    SafeConsole(file=out, force_terminal=True, color_system="standard").print(
        Text(f"a{HOSTILE}", style="red")
    )
    assert set(re.findall(r"\x1b\[[^m]*m", out.getvalue())) == {"\x1b[31m", "\x1b[0m"}
    assert orders(re.sub(r"\x1b\[\d+m", "", out.getvalue())) == set()


def test_errors_and_tracebacks_give_no_orders(gensweep: Gensweep, monkeypatch: Any) -> None:
    def fail(*_: Any) -> None:
        raise ValueError(HOSTILE)

    assert orders(str(GensweepError(HOSTILE, HOSTILE)), kept="\n\t") == set()
    monkeypatch.setattr("gensweep.cli.query.opened", fail)
    done = gensweep("query", "select 1", "--debug")
    assert orders(done.err, kept="\n\t") == set()
    assert "Traceback" in done.err


def test_a_sweep_file_is_quoted_without_its_orders(
    gensweep: Gensweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    quoted = json.dumps(HOSTILE).replace("\\ud", "\\\\ud")  # TOML has no surrogates
    Path(NAME[:40]).write_text(f"name = {quoted}\n{quoted} = 1\n[[grid]]\nmodel = {quoted}\n")
    for arguments in (["plan", NAME[:40]], ["plan", f"{NAME[:40]}x"], ["plan", "--set", HOSTILE]):
        done = gensweep(*arguments)
        assert (done.code, done.out) == (2, "")
        assert orders(done.err) == set()


def test_what_is_shown_says_what_it_was() -> None:
    assert shown("a\x1b[2J\u202eb\udcff\U000e0041") == r"a\x1b[2J\u202eb\udcff\U000e0041"
    assert shown("a\tb\nc") == "a\tb\nc"
    assert line("a\tb\nc\r") == r"a\tb\nc\r"
    assert shown("± é 漢字 \u00a0 🙂") == "± é 漢字 \u00a0 🙂"
    assert shown(shown(HOSTILE)) == shown(HOSTILE)


FORMULAS = ["=1+1", "+1+1", "-1+1", "@a", "\t=1", "\r=1", "－1+x"]
NUMBERS = [-1.5, "-1.5", "+1e-5", "-inf", None, True, "", "a=1", 7]


def test_a_spreadsheet_runs_nothing_of_safe_csv(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("t", ["=a", "b"], [[value, value] for value in FORMULAS + NUMBERS])
    output.emit([table], Format.CSV, safe_csv=True)
    head, *rows = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert head == ["'=a", "b"]
    assert [a for a, _ in rows[: len(FORMULAS)]] == [f"'{value}" for value in FORMULAS]
    as_text = ["-1.5", "-1.5", "+1e-5", "-inf", "", "true", "", "a=1", "7"]
    assert [a for a, _ in rows[len(FORMULAS) :]] == as_text


def test_an_export_as_safe_csv_has_no_formulas(
    results: Path, gensweep: Gensweep, tmp_path: Path
) -> None:
    for file in (results / "live").glob("*.parquet"):
        table = pq.read_table(file)
        rows = [{**row, "host": "=1+1", "git_commit": "-1.5"} for row in table.to_pylist()]
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), file)
    found = {}
    for format_ in ("csv", "safe-csv"):
        assert gensweep("export", f"out-{format_}", "--format", format_).code == 0
        with Path(f"out-{format_}/trials.csv").open(newline="") as written:
            found[format_] = list(csv.DictReader(written))
    assert {(r["host"], r["git_commit"]) for r in found["csv"]} >= {("=1+1", "-1.5")}
    for raw, safe in zip(found["csv"], found["safe-csv"], strict=True):
        assert safe == raw | {"host": raw["host"] and "'=1+1"}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<script>a</script>", r"\<script>a\</script>"),
        ("[a](javascript:b)", r"[a\](javascript:b)"),
        (r"a\|b", r"a\\\|b"),
        ("`a` &lt; 1 & 2", r"\`a\` \&lt; 1 & 2"),
    ],
)
def test_markdown_sets_text_as_text(
    capsys: pytest.CaptureFixture[str], text: str, written: str
) -> None:
    output.emit([Table("t", ["a"], [[text]])], Format.MARKDOWN)
    assert capsys.readouterr().out.splitlines()[2] == f"| {written} |"


def test_text_alone_never_leaves_its_environment(capsys: pytest.CaptureFixture[str]) -> None:
    said = Table("error", [], [], notes=["```", r"\end{verbatim}\input{/etc/passwd}", "````"])
    output.emit([said], Format.MARKDOWN)
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[-1], lines.count("`````")) == ("`````", "`````", 2)
    output.emit([said], Format.LATEX)
    assert capsys.readouterr().out.count(r"\end{verbatim}") == 1


def test_a_star_at_the_start_of_a_row_is_not_latexs(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit([Table("t", ["a"], [["*"], [" [1ex]"]])], Format.LATEX)
    lines = capsys.readouterr().out.splitlines()
    assert {r"{}* \\", r"{}[1ex] \\"} <= set(lines)
