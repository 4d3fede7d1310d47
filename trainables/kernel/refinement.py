"""Iterative refinement (Wilkinson): float64 residuals make up for a float32 factor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gensweep.trainables.kernel.cholesky import Pause, solve
from gensweep.trainables.kernel.explicit import ExplicitKernel
from gensweep.trainables.kernel.random_features import RandomFeaturesKernel

_MOST = 10  # refinements; a system that needs more is nearly singular in the factor's precision
_EPSILON = torch.finfo(torch.float64).eps


@dataclass(frozen=True)
class Solution:
    """The solution α (n, k) of (K + ridge I) α = targets, in float64.

    outputs:     K α.
    of_test:     returns the same for the test set.
    residual:    ||targets - (K + ridge I) α|| / ||targets||, over all columns.
    refinements: how often α was refined.
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
    """Solve with the factor of a matrix near K + ridge I, until the residual is as small as float64
    allows (n eps), no longer halves, or has been refined 10 times.
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
    scale = left.abs().max()  # so that a small residual does not underflow in float32
    step = solve(lower, (left / scale).to(lower.dtype), pause).double() * scale
    alpha = step if before is None else before.alpha + step
    outputs, of_test = kernel.outputs(alpha, pause)
    residual = (targets - outputs - ridge * alpha).norm() / targets.norm()
    count = 0 if before is None else before.refinements + 1
    return Solution(alpha, outputs, of_test, residual.item(), count)
