"""Durations read well at every length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.words import duration

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "days": 86400.0}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"),
        (45.4, "45 s"),
        (89.4, "89 s"),
        (90.0, "2 min"),
        (12 * 60.0, "12 min"),
        (89 * 60.0, "89 min"),
        (90 * 60.0, "1.5 h"),
        (3.5 * 3600, "3.5 h"),
        (36 * 3600.0, "1.5 days"),
        (2.1 * 86400, "2.1 days"),
    ],
)
def test_durations_are_given_in_the_unit_that_suits_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(seconds=st.floats(90.0, 1e7))
def test_the_words_are_within_a_third_of_the_truth(seconds: float) -> None:
    number, unit = duration(seconds).split()
    assert float(number) * SECONDS[unit] == pytest.approx(seconds, rel=1 / 3)
