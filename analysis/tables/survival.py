"""Times that not everybody reached: Kaplan and Meier's estimate of their median."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_Z = 1.959963984540054  # the 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class Median:
    """The median of times of which some are known only to be longer than what was seen.

    value:     the median; None where too few got there to know it.
    low, high: its 95 % interval; None where that has no such end, as with one time. Without an
               upper end it goes on for ever, which takes 7 times that are known to avoid.
    above:     what the median of these times is longer than, whatever the censored ones are, where
               there is no value. None if nothing was seen.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    above: float | None = None


class _Step(NamedTuple):
    """The share that waits longer than a time, and the ends of its 95 % interval. Where all or none
    wait there is no interval: `low` is then the share, and `high` is NaN."""

    time: float
    share: float
    low: float
    high: float


def median(times: Sequence[float], censored: Sequence[bool]) -> Median:
    """The median of right-censored times; a time is longer than it says where it is censored.

    An infinite time is one that will never come. The estimate is Kaplan and Meier's, and where
    it is exactly 1/2 between two times, their mean, as with any median. The interval is Brookmeyer
    and Crowley's, of all times at which the log-log interval of the estimate contains 1/2.
    """
    censored = [c or math.isinf(t) for t, c in zip(times, censored, strict=True)]
    last = max((t for t in times if math.isfinite(t)), default=None)
    if last is None:
        return Median()
    times = [min(t, last) for t in times]  # still waited for when the last was seen
    if len(times) == 1:
        return Median(above=last) if censored[0] else Median(last)
    steps = list(_kaplan_meier(times, censored))
    value, above = None, statistics.median(times)
    fallen = [step.time for step in steps if step.share < 0.5 - 1e-9]
    level = [step.time for step in steps if abs(step.share - 0.5) <= 1e-9]
    if level:
        value = (level[0] + fallen[0]) / 2 if fallen else None
    elif fallen:
        value = fallen[0]
    low = next((step.time for step in steps if step.low <= 0.5), None)
    high = next((step.time for step in steps if step.high <= 0.5), None)
    return Median(value, low, high, above if value is None else None)


def _kaplan_meier(times: Sequence[float], censored: Sequence[bool]) -> Iterator[_Step]:
    """After each time, the share that still waits, with its log-log interval.

    A few lines of our own: `scipy.stats.ecdf`, with which the tests compare them, takes longer to
    load than the report takes to make.
    """
    share, variance = 1.0, 0.0  # Greenwood's, of the logarithm of the share
    for time in sorted(set(times)):
        waiting = sum(t >= time for t in times)
        came = sum(t == time and not c for t, c in zip(times, censored, strict=True))
        share *= 1 - came / waiting
        if came == waiting:
            yield _Step(time, 0.0, 0.0, math.nan)
            continue
        variance += came / (waiting * (waiting - came))
        if not variance:
            yield _Step(time, 1.0, 1.0, math.nan)
            continue
        stretch = math.exp(_Z * math.sqrt(variance) / -math.log(share))
        yield _Step(time, share, share**stretch, share ** (1 / stretch))
