"""Gradient descent and SGD on a linear regression, a step at a time.

Weights are (K, d) here: at most half the time of (d, K), because K is small.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensweep.trainables.seeds import generator

_BLOCK = 1024  # steps whose batches are drawn and sent to the device together


def gradient_descent(
    weights: Tensor, inputs: Tensor, targets: Tensor, rate: float
) -> Iterator[None]:
    """W -= rate (W X' - Y') X / n, in place, for each requested step.

    weights (K, d), inputs (n, d), targets (n, K).
    """
    columns, wanted = inputs.T, targets.T.contiguous()
    while True:
        residuals = torch.addmm(wanted, weights, columns, beta=-1.0)
        weights.addmm_(residuals, inputs, alpha=-rate / len(inputs))
        yield


def stochastic(
    weights: Tensor, inputs: Tensor, targets: Tensor, rate: float, size: int, seed: int
) -> Iterator[None]:
    """The same on batches of `size` different examples, each drawn independently of the others."""
    for block in count():
        drawn = batches(len(inputs), size, seed, block)
        for batch in torch.from_numpy(drawn).to(inputs.device):
            rows = inputs[batch]
            residuals = torch.addmm(targets[batch].T, weights, rows.T, beta=-1.0)
            weights.addmm_(residuals, rows, alpha=-rate / size)
            yield


def batches(n: int, size: int, seed: int, block: int) -> NDArray[np.int64]:
    """(steps, size) examples out of n: every subset of that size is equally likely."""
    rng = generator(seed, "min-norm-batches", block)
    if size == 1:
        return rng.integers(n, size=(_BLOCK, 1))
    return np.argpartition(rng.random((_BLOCK, n)), size - 1, axis=1)[:, :size]
