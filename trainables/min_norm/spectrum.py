"""The closed form: the minimum-norm solution, the span of the data, and which steps are stable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from gensweep.trainables.min_norm.data import Matrix


@dataclass(frozen=True)
class Solution:
    """The least squares problem X W = Y with X (n, d) and Y (n, K).

    weights: (d, K), the minimizer of |X W - Y| with the smallest norm: X^+ Y.
    span:    (d, rank), an orthonormal basis of the span of the rows of X.
    largest, smallest: nonzero eigenvalues of X'X / n.
    """

    weights: Matrix
    span: Matrix
    largest: float
    smallest: float

    @property
    def rank(self) -> int:
        return int(self.span.shape[1])

    @property
    def condition(self) -> float:
        return self.largest / self.smallest


def solve(inputs: Matrix, targets: Matrix) -> Solution:
    """Solved by LAPACK's gelsd, with the span from its gesdd; both drop the same directions."""
    cutoff = max(inputs.shape) * np.finfo(np.float64).eps
    weights, _, rank, singular = scipy.linalg.lstsq(inputs, targets, cond=cutoff)
    span = scipy.linalg.orth(inputs.T, rcond=cutoff)[:, :rank]
    eigenvalues = singular[:rank] ** 2 / len(inputs)
    return Solution(weights, span, float(eigenvalues[0]), float(eigenvalues[-1]))


def smoothness(inputs: Matrix, largest: float, batch: int) -> float:
    """L of one step on a batch drawn without repetition: with H_B its X'X / batch,

        E[H_B^2] <= L E[H_B],  L = ((n - m) max |x|^2 + n (m - 1) largest) / (m (n - 1)).

    Where an exact fit W* exists, a step of length lr / L then shrinks E|W - W*|^2 within the span
    by at least the factor 1 - lr (2 - lr) smallest / L, for every lr below 2. With all examples in
    one batch, L is the largest eigenvalue: gradient descent.
    """
    n = len(inputs)
    longest = float(np.max(np.sum(inputs**2, axis=1)))
    return ((n - batch) * longest + n * (batch - 1) * largest) / (batch * (n - 1))
