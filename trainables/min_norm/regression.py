"""A linear regression on its device: its weights, and their distance from the closed form."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gensweep.trainables.min_norm.data import Examples, Matrix
from gensweep.trainables.min_norm.descent import gradient_descent, stochastic
from gensweep.trainables.min_norm.spectrum import Solution, smoothness, solve
from gensweep.trainables.min_norm.trial import MinNormTrial
from gensweep.trainables.records import Measurement
from gensweep.trainables.seeds import generator

_DTYPES = {"fp64": torch.float64, "fp32": torch.float32}


class Regression:
    """A trial's data, weights and closed form, on its device.

    `weights` (d, K) move with every step of `descent`.

    Norms are Frobenius, over all classes; the span is that of the training examples.
    """

    def __init__(self, trial: MinNormTrial, data: Examples, device: torch.device) -> None:
        def put(numbers: Matrix) -> Tensor:
            return torch.tensor(numbers, dtype=_DTYPES[trial.precision], device=device)

        solution = solve(data.inputs, data.targets)
        self.trial, self.solution = trial, solution
        self.inputs, self.targets = put(data.inputs), put(data.targets)
        self.test_inputs = put(data.test_inputs)
        self.labels = torch.tensor(data.labels, device=device)
        self.test_labels = torch.tensor(data.test_labels, device=device)
        self.least, self.span = put(solution.weights), put(solution.span)
        self.unit = float(torch.linalg.norm(self.least))
        self.fitted = self.inputs @ self.least
        self.smoothness = smoothness(data.inputs, solution.largest, trial.batch_size or trial.n)
        self._transposed = put(_start(trial, solution).T.copy())  # (K, d)
        self.weights = self._transposed.T
        self.started_outside = self._outside(self.weights)

    def descent(self) -> Iterator[None]:
        trial, rate = self.trial, self.trial.lr / self.smoothness
        if trial.method == "gd":
            return gradient_descent(self._transposed, self.inputs, self.targets, rate)
        return stochastic(
            self._transposed, self.inputs, self.targets, rate, trial.batch_size, trial.seed
        )

    def of_data(self) -> Iterator[Measurement]:
        """The measurements that stay constant.

        features, rank:  of the data: the columns of X, and the dimension of its span.
        condition:       largest over smallest eigenvalue of X'X within the span.
        step_size:       of an update, lr / L.
        minimum_norm:    of the closed form; its loss, above 0 if no exact fit exists, and its test
                         error.
        """
        loss, _ = self._fit(self.least)
        yield from (
            Measurement("features", float(self.inputs.shape[1])),
            Measurement("rank", float(self.solution.rank)),
            Measurement("condition", self.solution.condition),
            Measurement("step_size", self.trial.lr / self.smoothness),
            Measurement("minimum_norm", self.unit),
            Measurement("solution_loss", loss),
            Measurement("solution_test_error", self._test_error(self.least)),
        )

    def now(self, step: int) -> Iterator[Measurement]:
        """The measurements of the current weights.

        distance:          to the minimum-norm solution, in units of its norm.
        distance_to_limit: to the minimum-norm solution plus the start's part outside the span.
        distance_bound:    the residuals over the smallest singular value: weights that fit this
                           well, and have not moved outside the span, are at most that far from that
                           limit.
        norm, outside:     of the weights, and of their part outside the span.
        outside_moved:     how far that part is from the start's.
        train_loss:        mean squared distance to the one-hot labels, the classes summed.
        train_error, test_error: of the largest output as the prediction, in [0, 1].

        Distances, `distance_bound` and `outside_moved` are in units of the minimum norm.
        """
        weights, outside = self.weights, self._outside(self.weights)
        loss, error = self._fit(weights)
        residual = self._norm(self.inputs @ weights - self.fitted)
        smallest = math.sqrt(self.solution.smallest * self.trial.n)
        values = {
            "distance": self._norm(weights - self.least) / self.unit,
            "test_error": self._test_error(weights),
            "distance_to_limit": self._norm(weights - self.least - self.started_outside)
            / self.unit,
            "distance_bound": residual / smallest / self.unit,
            "norm": self._norm(weights),
            "outside": self._norm(outside),
            "outside_moved": self._norm(outside - self.started_outside) / self.unit,
            "train_loss": loss,
            "train_error": error,
        }
        return (Measurement(name, value, at=step) for name, value in values.items())

    def _outside(self, weights: Tensor) -> Tensor:
        return weights - self.span @ (self.span.T @ weights)

    def _fit(self, weights: Tensor) -> tuple[float, float]:
        outputs = self.inputs @ weights
        loss = (outputs - self.targets).square().sum(dim=1).mean()
        return float(loss), _error(outputs, self.labels)

    def _test_error(self, weights: Tensor) -> float:
        return _error(self.test_inputs @ weights, self.test_labels)

    @staticmethod
    def _norm(weights: Tensor) -> float:
        return float(torch.linalg.norm(weights))


def _error(outputs: Tensor, labels: Tensor) -> float:
    return float((outputs.argmax(dim=1) != labels).double().mean())


def _start(trial: MinNormTrial, solution: Solution) -> Matrix:
    """Initial weights (d, K): zeros, or normal numbers with `scale` times the minimum norm."""
    shape = solution.weights.shape
    if trial.start == "zero":
        return np.zeros(shape)
    drawn = generator(trial.seed, "min-norm-start").standard_normal(shape)
    return drawn * (trial.scale * np.linalg.norm(solution.weights) / np.linalg.norm(drawn))
