"""Times that not everybody reached: Kaplan and Meier's estimate of their median."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Sequence
from dataclasses import dataclass


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
    surviving, lower, upper = _kaplan_meier(times, censored)
    value, above = None, statistics.median(times)
    fallen = [t for t, s in surviving if s < 0.5 - 1e-9]
    level = [t for t, s in surviving if abs(s - 0.5) <= 1e-9]
    if level:
        value = (level[0] + fallen[0]) / 2 if fallen else None
    elif fallen:
        value = fallen[0]
    low = next((t for t, s in lower if s <= 0.5), None)
    high = next((t for t, s in upper if s <= 0.5), None)
    return Median(value, low, high, above if value is None else None)


Steps = list[tuple[float, float]]


def _kaplan_meier(times: Sequence[float], censored: Sequence[bool]) -> tuple[Steps, Steps, Steps]:
    """The share still waiting after each time, and the lower and upper end of its 95 % interval.

    Where all or none are waiting the interval is undefined: its lower end is taken to be the
    estimate, and its upper end stays NaN.
    """
    import numpy as np
    from scipy.stats import CensoredData, ecdf  # here, as it takes a second to load

    estimate = ecdf(CensoredData.right_censored(times, censored)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of where it is undefined
        ends = estimate.confidence_interval(0.95, method="log-log")
    shares = estimate.probabilities
    lower = np.where(np.isnan(ends.low.probabilities), shares, ends.low.probabilities)
    surviving, low, high = (
        list(zip(estimate.quantiles.tolist(), values.tolist(), strict=True))
        for values in (shares, lower, ends.high.probabilities)
    )
    return surviving, low, high
