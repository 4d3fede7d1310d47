"""Long curves with fewer points, so that a page stays small and nothing that stands out is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

MOST = 200  # points of a curve, about as many as a screen can tell apart


def kept(
    x: Sequence[float], bounds: Sequence[Sequence[float | None]], log: bool, most: int = MOST
) -> list[int]:
    """Which points to draw: all if there are at most `most`, else at most that and the gaps.

    The axis is cut into equal stretches, as they are seen (on a log axis by powers). Of each
    are kept the points where any of `bounds` (the curve and the ends of its interval) is least
    or greatest, a gap, and the two ends of the curve.
    """
    if len(x) <= most:
        return list(range(len(x)))
    place = [math.log(max(v, 1e-300)) for v in x] if log else list(x)
    stretches: dict[int, list[int]] = {}
    ends = any(value is not None for values in bounds[1:] for value in values)
    count = max(1, (most - 2) // (4 if ends else 2))
    width = (place[-1] - place[0]) / count or 1.0
    for index, at in enumerate(place):
        stretches.setdefault(min(int((at - place[0]) / width), count - 1), []).append(index)
    found = {0, len(x) - 1}
    for stretch in stretches.values():
        found.update(_extremes(stretch, bounds))
    return sorted(found)


def _extremes(stretch: Sequence[int], bounds: Sequence[Sequence[float | None]]) -> Iterator[int]:
    """Of the curve itself the least and the greatest, of its low end the least, of its high end
    the greatest; and the first gap."""
    for which, values in enumerate(bounds):
        there = [(value, index) for index in stretch if (value := values[index]) is not None]
        if there and which != 2:
            yield min(there)[1]
        if there and which != 1:
            yield max(there)[1]
    yield from [index for index in stretch if bounds[0][index] is None][:1]
