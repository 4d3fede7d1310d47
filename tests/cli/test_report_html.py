"""`gensweep report --html` writes one file, whole or not at all; `--only` picks what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Gensweep = Callable[..., tuple[int, str, str]]


def test_the_file_is_written_and_its_place_is_said(gensweep: Gensweep, results: Path) -> None:
    code, out, err = gensweep("report", "--html", "out/report.html", "--only", "convergence")
    assert (code, out) == (0, "")
    path = Path("out/report.html").resolve()
    assert err == f"gensweep: wrote {path} (0.0 MB)\n"
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_a_dash_is_stdout(gensweep: Gensweep, results: Path) -> None:
    code, out, err = gensweep("report", "other", "--html", "-", "--only", "convergence")
    assert (code, err) == (0, "")
    assert out.startswith("<!doctype html>")
    assert "<h1>Sweep other</h1>" in out
    assert not Path("-").exists()


def test_links_are_followed(gensweep: Gensweep, results: Path) -> None:
    Path("real.html").write_text("old")
    Path("link.html").symlink_to("real.html")
    assert gensweep("report", "--html", "link.html", "--only", "convergence")[0] == 0
    assert Path("link.html").is_symlink()
    assert Path("real.html").read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("place", [".", "/dev/null"])
def test_what_is_no_file_is_left_alone(gensweep: Gensweep, results: Path, place: str) -> None:
    code, out, err = gensweep("report", "--html", place)
    assert (code, out) == (2, "")
    assert f"--html: {place} is not a file" in err


def test_where_nothing_can_be_written_the_option_is_named(
    gensweep: Gensweep, results: Path
) -> None:
    Path("file").write_text("")
    code, out, err = gensweep("report", "--html", "file/x.html", "--only", "convergence")
    assert (code, out) == (3, "")
    assert "cannot be written" in err
    assert "choose another --html" in err


def test_html_has_no_other_format(gensweep: Gensweep, results: Path) -> None:
    code, _, err = gensweep("report", "--html", "x.html", "--format", "csv")
    assert code == 2
    assert "--format" in err
    assert not Path("x.html").exists()


@pytest.mark.parametrize(
    "given",
    [("corruption,convergence",), ("convergence", "corruption"), (" corruption", "convergence,")],
)
def test_only_takes_names_with_commas_and_options(
    gensweep: Gensweep, results: Path, given: tuple[str, ...]
) -> None:
    options = [part for names in given for part in ("--only", names)]
    code, out, _ = gensweep("report", *options, "--format", "json")
    assert code == 0
    assert list(json.loads(out)) == ["convergence", "corruption"], "in the report's order"


def test_one_summary_is_one_table_in_every_format(gensweep: Gensweep, results: Path) -> None:
    as_csv = gensweep("report", "--only", "corruption", "--format", "csv")[1]
    assert as_csv.startswith("setting_id,dataset,model,")
    assert isinstance(
        json.loads(gensweep("report", "--only", "corruption", "--format", "json")[1]), list
    )
    text = gensweep("report", "--only", "corruption", width=80)[1]
    assert "Error against label corruption" in text
    assert "Convergence time" not in text


def test_a_wrong_name_is_named_with_the_known_ones(gensweep: Gensweep, results: Path) -> None:
    code, out, err = gensweep("report", "--only", "convergence,corrupton")
    assert (code, out) == (2, "")
    assert "unknown name 'corrupton'; did you mean 'corruption'?; one of" in err
    assert "corruption" in err


@pytest.mark.parametrize("nothing", ["", " , "])
def test_no_name_at_all_is_a_mistake_and_not_an_empty_report(
    gensweep: Gensweep, results: Path, nothing: str
) -> None:
    code, out, err = gensweep("report", "--only", nothing)
    assert (code, out) == (2, "")
    assert "--only: names nothing; the names are headline, " in err


def test_figures_can_be_picked_for_html_alone(gensweep: Gensweep, results: Path) -> None:
    assert gensweep("report", "--only", "figure_1b")[0] == 2
    code, out, _ = gensweep("report", "--only", "figure_1b", "--html", "-")
    assert code == 0
    assert "Figure 1b" in out
    assert 'id="table-convergence"' not in out
