from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.classifier.streaming.windows import (
    AREA,
    ASPECT,
    COVERED,
    Window,
    central,
    distorted,
)


def drawn(height: int, width: int, count: int) -> list[Window]:
    random = np.random.default_rng(0).random
    return [distorted(height, width, lambda n: random(n).tolist()) for _ in range(count)]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), (0, 0, 1, 1)),
        ((3, 1000), (0, 62, 3, 876)),
        ((375, 500), (23, 31, 329, 438)),
        ((16, 15), (1, 0, 14, 15)),
        ((512, 512), (32, 32, 448, 448)),
    ],
)
def test_the_central_window_leaves_out_a_sixteenth_on_each_side(
    size: tuple[int, int], expected: tuple[int, int, int, int]
) -> None:
    assert central(*size) == expected


@given(st.integers(1, 600), st.integers(1, 600), st.integers(0, 2**32))
def test_a_window_lies_in_its_image_and_keeps_its_ranges(
    height: int, width: int, seed: int
) -> None:
    random = np.random.default_rng(seed).random
    window = distorted(height, width, lambda n: random(n).tolist())
    assert 0 <= window.top <= height - window.height
    assert 0 <= window.left <= width - window.width
    if window != (0, 0, height, width):
        assert COVERED <= window.height * window.width / (height * width) <= AREA[1]
        # rounding moves the width by at most half a pixel
        assert ASPECT[0] <= (window.width + 0.5) / window.height
        assert (window.width - 0.5) / window.height <= ASPECT[1]


def test_windows_are_as_various_as_tensorflow_makes_them() -> None:
    """Heights are uniform given the aspect ratio, and the ratio before rejection."""
    windows = drawn(375, 500, 4_000)
    assert (0, 0, 375, 500) not in windows
    areas = np.array([w.height * w.width for w in windows]) / (375 * 500)
    aspects = np.array([w.width / w.height for w in windows])
    assert areas.min() < COVERED + 0.01
    assert areas.max() > 0.9
    assert aspects.min() < ASPECT[0] + 0.01
    assert aspects.max() > ASPECT[1] - 0.01
    square = np.array([w.height for w in windows])[(aspects > 1.0) & (aspects < 1.04)]
    smallest = np.sqrt(COVERED * 375 * 500 / 1.02)
    assert (
        abs(square.mean() - (smallest + 375) / 2)
        < 5 * np.sqrt((375 - smallest) ** 2 / 12 / len(square)) + 2
    )
    for name, room in (("top", "height"), ("left", "width")):
        whole = 375 if room == "height" else 500
        shares = [
            getattr(w, name) / (whole - getattr(w, room))
            for w in windows
            if getattr(w, room) < whole - 50
        ]
        assert max(shares) < 1.0
        assert abs(np.mean(shares) - 0.5) < 0.03


@pytest.mark.parametrize("size", [(3, 1000), (1000, 3), (1, 50)])
def test_where_no_window_fits_it_is_the_whole_image(size: tuple[int, int]) -> None:
    assert drawn(*size, 3) == [Window(0, 0, *size)] * 3


def test_an_attempt_draws_four_numbers_and_there_are_a_hundred() -> None:
    asked: list[int] = []

    def draw(n: int) -> list[float]:
        asked.append(n)
        return [0.5] * n

    distorted(3, 1000, draw)
    assert asked == [4] * 100
    asked.clear()
    assert distorted(100, 100, draw) == (14, 14, 62, 64) or asked == [4]
    assert asked == [4]
