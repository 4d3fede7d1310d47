"""Long curves with fewer points, so that a page stays small and nothing that stands out is lost."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

MOST = 200  # points of a curve, about as many as a screen can tell apart
LEAST = 32  # and where a figure has very many curves
_OF_A_FIGURE = 9_000

Values = Sequence[float | None]


def most_of_each(curves: int) -> int:
    """How many points a curve may have, so that a figure of so many does not weigh too much."""
    return max(LEAST, min(MOST, _OF_A_FIGURE // max(1, curves)))


def kept(x: Sequence[float], bounds: Sequence[Values], log: bool, most: int) -> list[int]:
    """Which points to draw: all if there are at most `most`, else at most that, and the gaps.

    bounds: the curve, and the low and high ends of its interval; None is a gap.
    The axis is cut into equal stretches, as they are seen (on a log axis by powers). Of each
    are kept the points where the curve is least and greatest, its low end least and its high
    end greatest; beside these the two ends of the curve, and a gap wherever there is one between
    two points that are kept.
    """
    if len(x) <= most:
        return list(range(len(x)))
    place = [math.log(v) for v in x] if log else list(x)
    ends = any(value is not None for values in bounds[1:] for value in values)
    count = max(1, (most - 2) // (4 if ends else 2))
    width = (place[-1] - place[0]) / count or 1.0
    stretches: dict[int, list[int]] = {}
    for index, at in enumerate(place):
        stretches.setdefault(min(int((at - place[0]) / width), count - 1), []).append(index)
    found = {0, len(x) - 1}
    for stretch in stretches.values():
        found.update(_extremes(stretch, bounds))
    return sorted(found | set(_gaps(sorted(found), bounds[0])))


def _extremes(stretch: Sequence[int], bounds: Sequence[Values]) -> Iterator[int]:
    for values, extremes in zip(bounds, ((min, max), (min,), (max,)), strict=True):
        there = [(value, index) for index in stretch if (value := values[index]) is not None]
        if there:
            yield from (extreme(there)[1] for extreme in extremes)


def _gaps(found: Sequence[int], curve: Values) -> Iterator[int]:
    gaps = [index for index, value in enumerate(curve) if value is None]
    for index, following in pairwise(found):
        next_gap = bisect_right(gaps, index)
        if next_gap < len(gaps) and gaps[next_gap] < following:
            yield gaps[next_gap]
