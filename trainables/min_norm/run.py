"""The trainable min_norm: how near to the minimum-norm solution a linear model is led."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch

from gensweep.trainables.context import Context
from gensweep.trainables.device import device_name
from gensweep.trainables.min_norm.data import examples
from gensweep.trainables.min_norm.regression import Regression
from gensweep.trainables.min_norm.trial import MinNormTrial
from gensweep.trainables.records import Record, Started
from gensweep.trainables.runner import DivergedError, StoppedError, one_by_one

_PER_DECADE = 8  # steps at which is measured


def run(trials: Sequence[MinNormTrial], context: Context) -> Iterator[tuple[str, Record]]:
    """What is measured is said in `Regression`, at `of_data` and `now`.

    Raises DataError for a missing dataset, and what `one_by_one` does.
    """
    return one_by_one(trials, context, _descend)


def _descend(trial: MinNormTrial, context: Context, device: torch.device) -> Iterator[Record]:
    regression = Regression(trial, examples(trial, context.data_dir), device)
    yield Started(device=device_name(device), parameters=regression.weights.numel())
    yield from regression.now(0)
    yield from regression.of_data()
    descent = regression.descent()
    for before, step in pairwise([0, *measured_at(trial.steps)]):
        for _ in range(before, step):
            if context.should_stop():
                raise StoppedError(f"stopped before step {step}")
            next(descent)
        found = list(regression.now(step))
        if not all(math.isfinite(measurement.value) for measurement in found):
            raise DivergedError(f"the weights are not finite at step {step}")
        yield from found


def measured_at(steps: int) -> list[int]:
    """Steps from 1 to the last, logarithmically spaced."""
    powers = range(math.ceil(_PER_DECADE * math.log10(steps)) + 1)
    return sorted({min(round(10 ** (power / _PER_DECADE)), steps) for power in powers})
