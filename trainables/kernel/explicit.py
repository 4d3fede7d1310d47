"""Kernels of features that stay in memory, evaluated in blocks whenever they are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gensweep.trainables.kernel.cholesky import Pause, blocks

TILE = 2048  # rows and columns evaluated at a time in float64


@dataclass(frozen=True)
class ExplicitKernel:
    """Of training (n, d) and test (m, d) features in float32.

    bandwidth: of the Gaussian kernel; 0 for the linear one.
    """

    train: Tensor
    test: Tensor
    bandwidth: float

    def fill(self, lower: Tensor, pause: Pause) -> None:
        """Write K into the lower triangle of (n, n), in its precision."""
        x = self.train.to(lower.dtype)
        for rows in blocks(len(x)):
            pause()
            evaluate(x[rows], x[: rows.stop], self.bandwidth, lower[rows, : rows.stop])

    def outputs(self, alpha: Tensor, pause: Pause) -> tuple[Tensor, Callable[[], Tensor]]:
        """K α (n, k) in float64, and a function that returns the same for the test set, (m, k)."""
        found = torch.zeros_like(alpha)
        for rows in blocks(len(alpha), TILE):
            x = self.train[rows].double()
            for columns in blocks(rows.stop, TILE):
                pause()
                tile = evaluate(x, self.train[columns].double(), self.bandwidth)
                found[rows] += tile @ alpha[columns]
                if columns != rows:  # K is symmetric
                    found[columns] += tile.mT @ alpha[rows]
        return found, lambda: self._of_test(alpha, pause)

    def _of_test(self, alpha: Tensor, pause: Pause) -> Tensor:
        found = alpha.new_zeros(len(self.test), alpha.shape[1])
        for rows in blocks(len(self.test), TILE):
            z = self.test[rows].double()
            for columns in blocks(len(alpha), TILE):
                pause()
                x = self.train[columns].double()
                found[rows] += evaluate(z, x, self.bandwidth) @ alpha[columns]
        return found


def evaluate(x: Tensor, z: Tensor, bandwidth: float, into: Tensor | None = None) -> Tensor:
    """k(x, z) (a, b) of x (a, d) and z (b, d). Linear if the bandwidth is 0."""
    found = x.new_empty(len(x), len(z)) if into is None else into
    if not bandwidth:
        return found.addmm_(x, z.mT, beta=0.0)
    # exp of -bandwidth (|x|² - 2 <x, z> + |z|²); clamped, because rounding can make it negative
    found.addmm_(x, z.mT, beta=0.0, alpha=2.0 * bandwidth)
    found -= bandwidth * x.square().sum(1, keepdim=True)
    found -= bandwidth * z.square().sum(1)
    return found.clamp_(max=0.0).exp_()


def median_bandwidth(sample: Tensor) -> float:
    """2 / (median of ||x - z||² over the pairs) of a sample (s, d), to six digits.

    Later digits depend on the threads that computed the features; trials of one setting must share
    the bandwidth.
    """
    return float(f"{2.0 / torch.pdist(sample.double()).square().quantile(0.5).item():.6g}")
