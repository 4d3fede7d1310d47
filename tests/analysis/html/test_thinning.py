"""A long curve is drawn with few of its points, and nothing that stands out is lost."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gensweep.analysis.html.thinning import kept, most_of_each

VALUES = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=300)


@given(VALUES, st.booleans(), st.integers(10, 60))
def test_ends_extremes_and_gaps_are_kept(curve: list[float | None], log: bool, most: int) -> None:
    x = [1.0 + index for index in range(len(curve))]
    nothing: list[float | None] = [None] * len(curve)
    found = kept(x, [curve, nothing, nothing], log, most)
    assert found == sorted(set(found))
    assert {0, len(curve) - 1} <= set(found)
    there = [value for value in curve if value is not None]
    drawn = [value for index in found if (value := curve[index]) is not None]
    assert (min(drawn, default=0), max(drawn, default=0)) == (
        min(there, default=0),
        max(there, default=0),
    )
    assert len(drawn) <= most
    for one, other in pairwise(found):
        if None not in (curve[one], curve[other]):
            assert None not in curve[one : other + 1], "a line would cross a gap"


@given(VALUES.filter(lambda values: any(v is not None for v in values)), st.integers(10, 60))
def test_the_widest_ends_of_an_interval_are_kept(ends: list[float | None], most: int) -> None:
    x = [float(index) for index in range(len(ends))]
    flat: list[float | None] = [0.0] * len(ends)
    low = [None if v is None else -abs(v) for v in ends]
    high = [None if v is None else abs(v) for v in ends]
    found = kept(x, [flat, low, high], False, most)
    widest = max(v for v in high if v is not None)
    assert max(v for i in found if (v := high[i]) is not None) == widest
    assert min(v for i in found if (v := low[i]) is not None) == -widest
    assert len(found) <= most


def test_a_log_axis_keeps_its_first_power_of_ten_as_it_is_seen() -> None:
    x = [float(n) for n in range(1, 10_001)]
    curve: list[float | None] = [1 / n for n in x]
    nothing: list[float | None] = [None] * len(x)
    assert kept(x, [curve, nothing, nothing], True, 200)[:9] == list(range(9))


def test_curves_of_a_figure_with_very_many_have_fewer_points_and_never_too_few() -> None:
    assert [most_of_each(n) for n in (0, 1, 60, 120, 1000)] == [200, 200, 150, 75, 32]
