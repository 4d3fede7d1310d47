"""What a figure can draw of numbers that may be anything."""

from __future__ import annotations

import math

import pytest

from gensweep.analysis.drawing.terminal import terminal
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 1e308, -1e308])
def test_what_no_axis_reaches_is_a_gap(value: float) -> None:
    curve = Curve("loss", [1, 2, 3], [1.0, value, 2.0], low=[0.5, value, None])
    assert (curve.x, curve.y, curve.low) == ([1, 2, 3], [1.0, None, 2.0], [0.5, None, None])
    curve = Curve("loss", [1.0, value, 3.0], [1.0, 2.0, 3.0], hollow=[True, False, False])
    assert (curve.x, curve.y, curve.hollow) == ([1.0, 3.0], [1.0, 3.0], [True, False])


def test_a_curve_that_diverges_is_drawn_as_far_as_it_goes() -> None:
    curve = Curve("loss", [1, 2, 3], [1.0, 2.0, math.inf])
    panel = Panel(Axis("epoch"), Axis("loss"), [curve])
    assert "loss" in terminal(Figure("a", "a", [panel], ""), 80)
