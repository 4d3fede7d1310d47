"""The median of times that not everybody reached, against textbooks and plain medians."""

from __future__ import annotations

import math
from statistics import median as plain_median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from gensweep.analysis.tables.survival import Median, median

TIMES = st.lists(st.integers(1, 9).map(float), min_size=1, max_size=12)

# Freireich et al. 1963: weeks of remission of leukaemia with 6-MP (+ is censored) and placebo, the
# example of most textbooks. Limits as SAS's LIFETEST prints them with CONFTYPE=LOGLOG.
TREATED = "6 6 6 7 10 13 16 22 23 6+ 9+ 10+ 11+ 17+ 19+ 20+ 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def of(text: str) -> Median:
    times = text.split()
    return median([float(t.strip("+")) for t in times], [t.endswith("+") for t in times])


def never(size: int) -> list[bool]:
    return [False] * size


def by_scipy(times: list[float], censored: list[bool]) -> tuple[list[float], list[float | None]]:
    """Where SciPy's estimate, and where each end of its log-log interval, has come down to 1/2.

    Returns all times at which the estimate is at most 1/2, and the interval's two ends. Where all
    wait or none, SciPy has no interval: its lower end is taken to be the estimate.
    """
    estimate = stats.ecdf(stats.CensoredData.right_censored(times, censored)).sf
    with np.errstate(all="ignore"):
        ends = estimate.confidence_interval(0.95, method="log-log")
    shares, lows = estimate.probabilities, ends.low.probabilities
    lows = np.where(np.isnan(lows), shares, lows)

    def down(values: NDArray[np.float64]) -> list[float]:
        return [
            float(t) for t, v in zip(estimate.quantiles, values, strict=True) if v <= 0.5 + 1e-9
        ]

    found = [down(lows), down(ends.high.probabilities)]
    return down(shares), [reached[0] if reached else None for reached in found]


def test_the_textbooks_medians_and_intervals_come_out() -> None:
    assert of(TREATED) == Median(23.0, 13.0, None)
    assert of(PLACEBO) == Median(8.0, 4.0, 11.0)


@given(times=TIMES)
def test_where_all_got_there_it_is_the_plain_median(times: list[float]) -> None:
    assert median(times, never(len(times))).value == plain_median(times)


@given(times=TIMES, budget=st.integers(1, 9))
def test_with_one_budget_for_all_a_missing_time_is_only_longer_than_it(
    times: list[float], budget: int
) -> None:
    """Then nothing has to be estimated: the median with infinity for what is missing is it."""
    censored = [t > budget for t in times]
    found = median([min(t, budget) for t in times], censored)
    truth = plain_median([math.inf if c else t for t, c in zip(times, censored, strict=True)])
    assert found.value == (None if math.isinf(truth) else truth)
    if math.isinf(truth):
        assert found.above is not None
        assert found.above <= plain_median(times)


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined:RuntimeWarning")
@given(cases=st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=2, max_size=12))
def test_median_and_interval_are_where_the_estimate_and_its_ends_come_down_to_one_half(
    cases: list[tuple[int, bool]],
) -> None:
    times, censored = [float(t) for t, _ in cases], [c for _, c in cases]
    found = median(times, censored)
    down, ends = by_scipy(times, censored)
    assert [found.low, found.high] == ends
    if found.value is not None:
        assert found.above is None
        assert down[0] <= found.value <= max(times)
    else:
        assert found.above is not None
        assert found.above <= max(times)


@given(cases=st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=8))
def test_the_order_of_the_seeds_does_not_matter(cases: list[tuple[int, bool]]) -> None:
    times, censored = zip(*cases, strict=True)
    assert median(times, censored) == median(times[::-1], censored[::-1])


@given(times=TIMES, more=st.integers(1, 5))
def test_one_that_will_never_come_only_moves_the_median_up(times: list[float], more: int) -> None:
    before = plain_median(times)
    found = median([*times, *[math.inf] * more], never(len(times) + more))
    assert (found.above if found.value is None else found.value) >= before  # type: ignore[operator]
    truth = plain_median([*times, *[math.inf] * more])
    assert found.value == (None if math.isinf(truth) else truth)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", Median(5.0)),
        ("5+", Median(above=5.0)),
        ("5+ 7+", Median(above=6.0)),
        ("3 3", Median(3.0, 3.0)),
        # One of two is there: their mean is longer than if the other came as the last was seen.
        ("10 100+", Median(None, 10.0, None, above=55.0)),
        ("10 20 30+ 30+", Median(None, 10.0, None, above=25.0)),
        # The one that was waited for until 3 may have come at 4, whatever 100 is seen of another.
        ("1 2 3+ 100+", Median(None, 1.0, None, above=2.5)),
        ("1 3+ 100+", Median(None, 1.0, None, above=3.0)),
        # The one that was seen for a short time says nothing of what came after.
        ("1+ 5 6 7", Median(6.0, 5.0, None)),
        ("inf inf", Median()),
        ("5 inf", Median(None, 5.0, None, above=5.0)),
    ],
)
def test_small_cases_by_hand(text: str, expected: Median) -> None:
    assert of(text) == expected


def test_six_times_have_no_upper_end_and_seven_have_one() -> None:
    assert median([1, 2, 3, 4, 5, 6], never(6)).high is None
    assert median([1, 2, 3, 4, 5, 6, 7], never(7)).high == 6
