"""Iterative refinement (Wilkinson): residuals in float64 make up for a factor that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gensweep.trainables.kernel.cholesky import Pause, solve
from gensweep.trainables.kernel.explicit import ExplicitKernel
from gensweep.trainables.kernel.random_features import RandomFeaturesKernel

_MOST = (
    10  # refinements: what has not converged by then is nearly singular in the factor's precision
)
_EPSILON = torch.finfo(torch.float64).eps


@dataclass(frozen=True)
class Solution:
    """What solves (K + ridge I) α = targets, (n, k) in float64.

    outputs:     K α.
    of_test:     gives the same of the test set.
    residual:    ||targets - (K + ridge I) α|| / ||targets||, over all columns.
    refinements: how often α was improved upon.
    """

    alpha: Tensor
    outputs: Tensor
    of_test: Callable[[], Tensor]
    residual: float
    refinements: int


def refined(
    kernel: ExplicitKernel | RandomFeaturesKernel,
    lower: Tensor,
    ridge: float,
    targets: Tensor,
    pause: Pause,
) -> Solution:
    """Solve with the factor of a matrix near K + ridge I, until the residual is as small as
    float64 lets it be (n eps), is not halved any more, or was improved upon 10 times.
    """
    enough = len(targets) * _EPSILON
    best = _attempt(kernel, lower, ridge, targets, None, pause)
    while best.residual > enough and best.refinements < _MOST:
        next_one = _attempt(kernel, lower, ridge, targets, best, pause)
        halved = next_one.residual <= best.residual / 2
        best = next_one if next_one.residual < best.residual else best
        if not halved:
            break
    return best


def _attempt(
    kernel: ExplicitKernel | RandomFeaturesKernel,
    lower: Tensor,
    ridge: float,
    targets: Tensor,
    before: Solution | None,
    pause: Pause,
) -> Solution:
    left = targets
    if before is not None:
        left = targets - before.outputs - ridge * before.alpha
    scale = left.abs().max()  # so that no small residual is lost in a short exponent
    step = solve(lower, (left / scale).to(lower.dtype), pause).double() * scale
    alpha = step if before is None else before.alpha + step
    outputs, of_test = kernel.outputs(alpha, pause)
    residual = (targets - outputs - ridge * alpha).norm() / targets.norm()
    count = 0 if before is None else before.refinements + 1
    return Solution(alpha, outputs, of_test, residual.item(), count)
