"""A plot of characters shows every curve, from end to end, in the width there is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gensweep.analysis.drawing.terminal import MARKERS, terminal
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel, line_figure

WIDTHS = [40, 80, 200]


def draw(series: list[Curve], width: int = 80, x_end: float = 1.0) -> str:
    return terminal(line_figure(series, "p", "error %", x_end=x_end, y_end=100.0), width)


def canvas(plot: str) -> list[str]:
    """The lines between the axes, from the top, without the numbers beside them."""
    return [
        line.split("|", 1)[1] for line in plot.splitlines() if line.split("|")[0].strip().isdigit()
    ]


@given(
    counts=st.lists(st.integers(2, 11), min_size=1, max_size=8),
    width=st.sampled_from(WIDTHS),
)
def test_every_point_of_every_curve_has_its_marker(counts: list[int], width: int) -> None:
    # Curves of their own height each, so that none covers another.
    levels = [100 * (i + 0.5) / len(counts) for i in range(len(counts))]
    series = [
        Curve(f"curve {i}", [j / (n - 1) for j in range(n)], [level] * n)
        for i, (n, level) in enumerate(zip(counts, levels, strict=True))
    ]
    lines = canvas(draw(series, width))
    for marker, n in zip(MARKERS, counts, strict=False):
        assert sum(line.count(marker) for line in lines) == n


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("corner", [(0.0, 0.0), (0.0, 100.0), (1.0, 0.0), (1.0, 100.0)], ids=str)
def test_points_in_the_corners_are_seen(width: int, corner: tuple[float, float]) -> None:
    points = sorted([corner, (0.5, 50.0)])
    lines = canvas(draw([Curve("a", [x for x, _ in points], [y for _, y in points])], width))
    assert sum(line.count("o") for line in lines) == 2


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    series = [Curve(f"curve {i}", [0.0, 0.5, 1.0], [i, 90.0, 100.0]) for i in range(8)]
    assert max(map(len, draw(series, width).splitlines())) <= width


def test_a_curve_rises_to_the_right() -> None:
    lines = canvas(draw([Curve("a", [0.0, 0.5, 1.0], [0.0, 50.0, 100.0])]))
    places = [(line.index("o"), i) for i, line in enumerate(lines) if "o" in line]
    assert [row for _, row in sorted(places)] == sorted((row for _, row in places), reverse=True)
    assert len(places) == 3


def test_the_legend_names_the_curves_with_their_markers_in_order() -> None:
    series = [Curve(f"curve {i}", [0.0, 1.0], [10.0 * i, 10.0 * i]) for i in range(8)]
    legend = draw(series).split("Legend:")[1].splitlines()[2:]
    assert [line.strip("⠤ ") for line in legend] == [
        f"{marker}⠤ curve {i}" for i, marker in enumerate(MARKERS[:8])
    ]


def test_the_axes_say_what_they_are_and_reach_their_limits() -> None:
    plot = draw([Curve("a", [1.0, 100.0], [0.0, 100.0])], x_end=100.0)
    assert "(error %)" in plot
    assert "(p)" in plot
    numbers = [line.split("|")[0].strip() for line in plot.splitlines()]
    assert [n for n in numbers if n.isdigit()] == [str(n) for n in range(100, -1, -5)]
    assert plot.split("Legend")[0].splitlines()[-2].split() == [
        "|",
        "0",
        "20",
        "40",
        "60",
        "80",
        "100",
    ]


def test_a_single_point_is_drawn() -> None:
    lines = canvas(draw([Curve("a", [1.0], [50.0])]))
    assert sum(line.count("o") for line in lines) == 1


def figure(*curves: Curve, x: Axis | None = None, y: Axis | None = None) -> Figure:
    panel = Panel(x or Axis("p"), y or Axis("error (%)"), curves, "a title")
    return Figure("a", "A", [panel, panel], "", hollow="not reached")


def test_every_panel_is_drawn_under_its_title() -> None:
    plot = terminal(figure(Curve("a", [0.0, 1.0], [0.0, 1.0])), 80)
    assert plot.count("a title") == plot.count("Legend:") == 2


def test_no_two_curves_share_a_marker_and_what_is_left_out_is_said() -> None:
    curves = [Curve(f"curve {i}", [0.0, 1.0], [i, i]) for i in range(len(MARKERS) + 3)]
    plot = terminal(line_figure(curves, "p", "y", x_end=1, y_end=99), 80)
    (panel,) = plot.split("Legend:\n-------\n")[1:]
    *named, rest = panel.splitlines()
    assert len({line[:3] for line in named}) == len(named) == len(MARKERS)
    assert not {line[1] for line in named} & {"D", "^"}
    assert rest.strip() == "and 3 more that are not drawn"


def test_a_lower_bound_has_an_arrow_above_it_and_nothing_else_has() -> None:
    bound = Curve("a", [0.0, 0.5, 1.0], [1.0, 2.0, 3.0], hollow=[False, False, True], at_least=True)
    plot = terminal(figure(bound, y=Axis("y", start=0.0, end=10.0)), 80).split("\n\na title")[0]
    lines = [line for line in plot.split("Legend")[0].splitlines()[1:] if "|" in line]
    (arrow,) = [i for i, line in enumerate(lines) if "^" in line]
    assert lines[arrow + 1].rstrip().endswith("o")
    assert lines[arrow].index("^") == lines[arrow + 1].rindex("o")
    assert plot.splitlines()[-1] == " ^  not reached"
    whole = terminal(figure(Curve("a", [0.0, 1.0], [1.0, 2.0])), 80)
    assert whole.count("^") == 2  # the ends of the two axes


def test_the_papers_numbers_have_their_own_marker_and_no_line() -> None:
    paper = Curve("paper, a", [0.0, 1.0], [5.0, 9.0], kind="points", source="paper")
    ours = Curve("a", [0.0, 1.0], [1.0, 1.0])
    plot = terminal(figure(ours, paper, y=Axis("y", start=0.0, end=10.0)), 80).split("\n\na t")[0]
    assert plot.split("Legend")[0].count("D") == 2
    assert plot.splitlines()[-2:] == ["⠤o⠤ a", " D  paper"]


@example([1.0000000000000002e-06, 1e-06], None, False)
@given(
    values=st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=30),
    start=st.sampled_from([None, 0.0]),
    log=st.booleans(),
)
def test_an_axis_without_limits_holds_all_points_and_its_numbers_rise(
    values: list[float], start: float | None, log: bool
) -> None:
    x = [float(i) for i in range(len(values))]
    y = Axis("y", log=log, start=None if log else start)
    plot = line_plot_of(Curve("a", x, values, kind="points"), y)
    rows = [line.split("|")[0] for line in plot.split("Legend")[0].splitlines() if " |" in line]
    numbers = [float(row) for row in rows if row.strip()]
    assert numbers == sorted(numbers, reverse=True)
    around = (numbers[0] - numbers[-1]) / 20 if not log else 0.1 * max(values)  # as is rounded
    assert numbers[-1] <= min(values) + around
    assert numbers[0] >= max(values) - around


def line_plot_of(curve: Curve, y: Axis) -> str:
    return terminal(Figure("a", "", [Panel(Axis("x"), y, [curve])], ""), 80)


def test_gaps_are_left_out() -> None:
    curve = Curve("a", [0.0, 0.5, 1.0], [1, None, 1])
    plot = terminal(line_figure([curve], "", "", x_end=1, y_end=100), 80)
    assert sum(line.count("o") for line in canvas(plot)) == 2
