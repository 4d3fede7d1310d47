"""A plot of characters shows every curve, from end to end, in the width there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.plots import Series, line_plot

MARKERS = "ox#+*@%&"
WIDTHS = [40, 80, 200]


def draw(series: list[Series], width: int = 80, x_end: float = 1.0) -> str:
    return line_plot(series, width, "p", "error %", x_end=x_end, y_end=100.0)


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
        Series(f"curve {i}", [j / (n - 1) for j in range(n)], [level] * n)
        for i, (n, level) in enumerate(zip(counts, levels, strict=True))
    ]
    lines = canvas(draw(series, width))
    for marker, n in zip(MARKERS, counts, strict=False):
        assert sum(line.count(marker) for line in lines) == n


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("corner", [(0.0, 0.0), (0.0, 100.0), (1.0, 0.0), (1.0, 100.0)], ids=str)
def test_points_in_the_corners_are_seen(width: int, corner: tuple[float, float]) -> None:
    points = sorted([corner, (0.5, 50.0)])
    lines = canvas(draw([Series("a", [x for x, _ in points], [y for _, y in points])], width))
    assert sum(line.count("o") for line in lines) == 2


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    series = [Series(f"curve {i}", [0.0, 0.5, 1.0], [i, 90.0, 100.0]) for i in range(8)]
    assert max(map(len, draw(series, width).splitlines())) <= width


def test_a_curve_rises_to_the_right() -> None:
    lines = canvas(draw([Series("a", [0.0, 0.5, 1.0], [0.0, 50.0, 100.0])]))
    places = [(line.index("o"), i) for i, line in enumerate(lines) if "o" in line]
    assert [row for _, row in sorted(places)] == sorted((row for _, row in places), reverse=True)
    assert len(places) == 3


def test_the_legend_names_the_curves_with_their_markers_in_order() -> None:
    series = [Series(f"curve {i}", [0.0, 1.0], [10.0 * i, 10.0 * i]) for i in range(8)]
    legend = draw(series).split("Legend:")[1].splitlines()[2:]
    assert [line.strip("⠤ ") for line in legend] == [
        f"{marker}⠤ curve {i}" for i, marker in enumerate(MARKERS)
    ]


def test_the_axes_say_what_they_are_and_reach_their_limits() -> None:
    plot = draw([Series("a", [1.0, 100.0], [0.0, 100.0])], x_end=100.0)
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
    lines = canvas(draw([Series("a", [1.0], [50.0])]))
    assert sum(line.count("o") for line in lines) == 1
