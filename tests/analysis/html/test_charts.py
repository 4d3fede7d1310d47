"""A figure becomes charts that Vega-Lite takes, with all it says and nothing JSON cannot."""

from __future__ import annotations

import json
import math
import re
from importlib.resources import files
from typing import Any

import pytest

from gensweep.analysis.html.charts import charts
from gensweep.analysis.html.series import DARK, LIGHT, MARKERS, SHAPES
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel

STYLE = files("gensweep.analysis.html").joinpath("page.css").read_text("utf-8")
LIGHT_SURFACE, DARK_SURFACE = re.findall(r"--surface: (#\w+);", STYLE)


def figure(*curves: Curve, x: Axis | None = None, y: Axis | None = None) -> Figure:
    panel = Panel(x or Axis("p"), y or Axis("test error (%)"), curves)
    return Figure("made", "A made figure", [panel], "from trials")


def rows(drawn: Figure) -> list[dict[str, Any]]:
    spec = json.loads(json.dumps(charts(drawn).panels[0].spec, allow_nan=False))
    found: list[dict[str, Any]] = spec["data"]["values"]
    return found


def test_vega_lite_draws_every_kind_of_curve() -> None:
    import vl_convert

    made = figure(
        Curve("inception", [0, 0.5, 1], [10, None, 30], [9, None, 28], [11, None, 32]),
        Curve("alexnet", [0, 0.5, 1], [5, 6, 7], kind="points", low=[4, None, 6], high=[6, 7, 8]),
        Curve("alexnet", [1], [90.1], kind="points", source="paper"),
        Curve("mlp", [0, 1], [1, 2], hollow=[False, True], at_least=True, dashed=True),
    )
    for chart in charts(made).panels:
        svg = vl_convert.vegalite_to_svg(chart.spec | {"width": 300})
        for mark in ("mark-area", "mark-rule", "mark-line", "mark-symbol", "mark-text"):
            assert mark in svg, mark


def test_values_arrive_with_their_intervals_and_gaps() -> None:
    made = figure(Curve("a", [0, 0.5, 1], [10, None, 30], [9, None, None], [11, None, None]))
    assert rows(made) == [
        {"s": 0, "x": 0, "y": 10, "low": 9, "high": 11, "m": 1},
        {"s": 0, "x": 0.5, "y": None, "m": 1},
        {"s": 0, "x": 1, "y": 30, "m": 1},
    ]


def test_what_is_not_finite_is_a_gap() -> None:
    drawn = rows(figure(Curve("a", [0, 1, 2, math.nan], [math.nan, math.inf, 3, 4])))
    assert [(row["x"], row["y"]) for row in drawn] == [(0, None), (1, None), (2, 3)]


def test_a_zero_on_a_log_axis_is_left_out_and_a_note_says_so() -> None:
    made = figure(
        Curve("a", [0, 1, 10], [3, 0, 0.5], [-1, -1, -1], [4, 1, 1]),
        x=Axis("epoch", log=True),
        y=Axis("loss", log=True),
    )
    assert [(row["x"], row["y"]) for row in rows(made)] == [(1, None), (10, 0.5)]
    assert rows(made)[1]["low"] == 0.5
    assert "logarithmic axis cannot show" in charts(made).notes[0]


def test_a_long_curve_is_thinned_and_a_note_says_so() -> None:
    made = figure(Curve("a", list(range(5000)), [math.sin(n) for n in range(5000)]))
    assert len(rows(made)) <= 200
    assert "more than 200 points" in charts(made).notes[0]
    assert 4 <= sum("m" in row for row in rows(made)) <= 8


def test_a_point_between_gaps_of_a_long_curve_has_a_marker() -> None:
    values: list[float | None] = [float(n) for n in range(100)]
    values[40] = values[42] = None
    assert "m" in rows(figure(Curve("a", list(range(100)), values)))[41]


def test_the_papers_points_are_hollow_diamonds_in_the_colour_of_ours() -> None:
    made = figure(
        Curve("ours", [0], [1], group="inception"),
        Curve("other", [0], [1]),
        Curve("theirs", [0], [1], source="paper", group="inception"),
    )
    ours, other, theirs = charts(made).legend
    assert (theirs.colour, theirs.marker, theirs.label) == (
        ours.colour,
        "diamond",
        "theirs (paper)",
    )
    assert other.colour != ours.colour
    assert [row.get("o", 0) for row in rows(made)] == [0, 0, 1]
    assert "diamond" not in MARKERS


def test_a_series_is_one_line_of_the_legend_in_all_panels() -> None:
    axis = Axis("x")
    panels = [
        Panel(axis, axis, [Curve(name, [1], [n]) for n, name in enumerate(names)])
        for names in (("a", "b"), ("b", "c"), ("c", "c"))
    ]
    made = charts(Figure("made", "Made", panels, ""))
    assert [series.name for series in made.legend] == ["a", "b", "c", "c"]
    drawn = [[row["s"] for row in panel.spec["data"]["values"]] for panel in made.panels]
    assert drawn == [[0, 1], [1, 2], [2, 3]]


def test_the_limits_of_an_axis_are_those_given_or_those_of_everything_drawn() -> None:
    curve = Curve("a", [2, 8], [10, 20], [5, 18], [12, 40])
    encoding = charts(figure(curve, x=Axis("p", start=0.0))).panels[0].spec["encoding"]
    assert encoding["x"]["scale"]["domain"] == [0.0, 8]
    assert encoding["y"]["scale"]["domain"] == [5, 40]


def test_a_chart_says_in_words_what_it_shows() -> None:
    alt = charts(figure(Curve("a", [1], [1]), Curve("b", [1], [1], source="paper"))).panels[0].alt
    assert alt == "A made figure: test error (%) against p. Series: a; b (paper)"


def _luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("colour", "surface"),
    [*((c, LIGHT_SURFACE) for c in LIGHT), *((c, DARK_SURFACE) for c in DARK)],
)
def test_every_colour_stands_out_from_the_page(colour: str, surface: str) -> None:
    dark, light = sorted((_luminance(colour), _luminance(surface)))
    assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 2.1, 1.4.11


def test_the_legend_can_draw_every_marker() -> None:
    assert set(SHAPES) == {*MARKERS, "diamond"}
    assert len(LIGHT) == len(DARK)
