"""gensweep plot: in the terminal, as points, and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.analysis.figures.registry import FIGURES

Run = Callable[..., Any]


@pytest.mark.parametrize("width", [40, 80])
def test_without_output_a_figure_is_drawn_in_the_terminal(
    gensweep: Run, results: Path, width: int
) -> None:
    code, out, err = gensweep("plot", "1c", width=width)
    assert (code, err) == (0, "")
    assert " ".join(out.split()).startswith("Figure 1c: test error against label corruption")
    assert "⠤o⠤ inception" in out
    assert max(map(len, out.splitlines())) <= width
    of_a_sweep = gensweep("plot", "figure_1c", "made", width=width).out
    assert "on digits" in " ".join(out.split())
    assert "on digits" not in " ".join(of_a_sweep.split())


def test_programs_get_the_points(gensweep: Run, results: Path) -> None:
    found = json.loads(gensweep("plot", "1c", "--format", "json").out)
    ours = {row["x"]: row["y"] for row in found if row["source"] == "ours"}
    # Test errors rise by 0.5 with p from 0.25, and by 0.0625 with the seed.
    assert ours == pytest.approx({0.0: 28.125, 0.5: 53.125, 1.0: 78.125})
    rows = list(csv.DictReader(io.StringIO(gensweep("plot", "1c", "--format", "csv").out)))
    assert [float(row["y"]) for row in rows] == [row["y"] for row in found]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_picture_is_written_and_its_place_is_said_on_stderr(
    gensweep: Run, results: Path, ending: str
) -> None:
    path = Path(f"figure.{ending}")
    code, out, err = gensweep("plot", "1b", "--output", str(path))
    assert (code, out, err) == (0, "", f"gensweep: wrote {path}\n")
    assert path.stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("1z",), ("1z", *FIGURES)),
        (("1c", "--output", "a.gif"), ("a.gif", ".png", ".svg", ".pdf")),
        (("1c", "--output", "a"), (".png",)),
    ],
)
def test_a_wrong_name_or_ending_is_a_usage_error_that_names_what_is_allowed(
    gensweep: Run, results: Path, arguments: tuple[str, ...], named: tuple[str, ...]
) -> None:
    code, out, err = gensweep("plot", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert all(name in err for name in named)


@pytest.mark.parametrize("more", [(), ("--output", "a.png"), ("--format", "csv")])
def test_nothing_to_draw_is_one_line_that_says_what_is_missing(
    gensweep: Run, results: Path, more: tuple[str, ...]
) -> None:
    code, out, err = gensweep("plot", "2a", *more)
    assert (code, out) == (1, "")
    assert err.startswith("gensweep: error: figure_2a: there is nothing to draw; it needs trials")
    assert err.count("\n") == 1
    assert not Path("a.png").exists()


def test_a_picture_that_cannot_be_written_is_an_error_of_one_line(
    gensweep: Run, results: Path
) -> None:
    Path("file").write_text("kept")
    code, out, err = gensweep("plot", "1c", "--output", "file/a.png")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert err.startswith("gensweep: error: file/a.png: cannot be written (")


def test_the_help_names_every_figure(gensweep: Run) -> None:
    said = " ".join(gensweep("plot", "--help").out.split())
    assert all(name in said for name in FIGURES)
