"""The empirical Rademacher complexity, bounded from below by what training fits (section 2.2).

    R(H, S) = E over signs s of sup { 1/n sum_i s_i h(x_i) : h in H },    h(x) in {-1, +1}

For one draw of the signs a network with training error e reaches 1 - 2 e, so the supremum is at
least that; the mean over draws (a seed each) estimates a lower bound of R. The network has two
outputs, and h is the sign of their difference: the same functions as with one output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import nn

from gensweep.trainables.capacity.fitting import epochs, error
from gensweep.trainables.capacity.sample import Sample
from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.records import Measurement

OUTPUTS = 2


def fit(
    model: nn.Module,
    sample: Sample,
    test: Sample | None,
    trial: CapacityTrial,
    should_stop: Callable[[], bool],
) -> Iterator[Measurement]:
    """Fit labels 0 and 1 until the training error is 0 or the epochs are over.

    train_error: after every epoch, at its number.
    epochs:      the number of epochs trained.
    correlation: 1 - 2 e for the smallest training error e of any epoch, in [-1, 1]. Each epoch's
                 network is a member of the class, so the best of them bounds the supremum.
    test_error:  of the last network, if there are test images.
    """
    least, last = 1.0, 0
    for last in epochs(model, sample, trial, should_stop):
        now = error(model, sample)
        least = min(least, now)
        yield Measurement("train_error", now, at=last)
        if now == 0.0:
            break
    yield Measurement("epochs", last)
    yield Measurement("correlation", 1.0 - 2.0 * least)
    if test is not None:
        yield Measurement("test_error", error(model, test))
