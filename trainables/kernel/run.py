"""The kernel trainable: one system of equations for all classes, and what its solution is worth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from gensweep.trainables.context import Context
from gensweep.trainables.device import device_name
from gensweep.trainables.errors import TrialError
from gensweep.trainables.kernel.cholesky import Pause, factor
from gensweep.trainables.kernel.examples import Examples, load_examples
from gensweep.trainables.kernel.memory import room
from gensweep.trainables.kernel.refinement import refined
from gensweep.trainables.kernel.trial import KernelTrial
from gensweep.trainables.records import Measurement, Record, Started
from gensweep.trainables.runner import StoppedError, one_by_one

_MOST_JITTER = 1e-2  # in units of the mean of K's diagonal


def run(trials: Sequence[KernelTrial], context: Context) -> Iterator[tuple[str, Record]]:
    """Solve each trial's equations.

    Raises TrialError for memory that does not suffice, before anything is computed; DataError for a
    missing dataset; and what `one_by_one` does.
    """
    return one_by_one(trials, context, _solve)


def _solve(trial: KernelTrial, context: Context, device: torch.device) -> Iterator[Record]:
    def pause() -> None:
        if context.should_stop():
            raise StoppedError("stopped, and starts over when it is run again")

    with room(trial, device, pause) as memory:
        started = time.perf_counter()
        examples = load_examples(trial, context.data_dir, device)
        yield Started(device_name(device), examples.one_hot.numel())
        found = _solved(trial, memory.take(), examples, pause)
    found["seconds"] = time.perf_counter() - started
    for name, value in found.items():
        yield Measurement(name, value)


def _solved(
    trial: KernelTrial, matrix: Tensor, examples: Examples, pause: Pause
) -> dict[str, float]:
    """What there is to say of the solution, by name; `matrix` is where K is put."""
    kernel = examples.kernel
    clock = _Clock(matrix.device)
    kernel.fill(matrix, pause)
    mean = matrix.diagonal().double().mean().item()
    matrix_seconds = clock.lap()
    jitter = 0.0
    while not _factored(matrix, (trial.l2 + jitter) * mean, pause):
        jitter = 10 * jitter or 10 * torch.finfo(matrix.dtype).eps
        if jitter > _MOST_JITTER:
            raise TrialError("kernel", "K has no Cholesky factor, even with a jitter of 0.01")
        kernel.fill(matrix, pause)
    factor_seconds = clock.lap()
    # With ones as one more column, the targets ±1 need no solution of their own.
    targets = torch.cat([examples.one_hot, torch.ones_like(examples.one_hot[:, :1])], dim=1)
    solution = refined(kernel, matrix, trial.l2 * mean, targets, pause)
    alpha, outputs = solution.alpha, solution.outputs
    solve_seconds = clock.lap()
    test_error = _error(solution.of_test()[:, :-1], examples.test_labels)
    signed = (2 * columns[:, :-1] - columns[:, -1:] for columns in (alpha, outputs))
    found = {
        "test_error": test_error,
        "solution_norm": _norm(alpha[:, :-1], outputs[:, :-1]),
        "residual": solution.residual,
        "train_error": _error(outputs[:, :-1], examples.labels),
        "signed_norm": _norm(*signed),
        "jitter": jitter,
        "refinements": solution.refinements,
        "mean_diagonal": mean,
        "matrix_seconds": matrix_seconds,
        "factor_seconds": factor_seconds,
        "solve_seconds": solve_seconds,
        "test_seconds": clock.lap(),
    }
    if trial.kernel == "gaussian":
        found["bandwidth"] = kernel.bandwidth
    return found


def _factored(matrix: Tensor, ridge: float, pause: Pause) -> bool:
    matrix.diagonal().add_(ridge)
    return factor(matrix, pause)


def _error(outputs: Tensor, labels: Tensor) -> float:
    """The share of examples whose largest output is not their label's."""
    return (outputs.argmax(1) != labels).double().mean().item()


def _norm(alpha: Tensor, outputs: Tensor) -> float:
    """sqrt(Σ over classes of α' K α): of all classes as one function into R^classes."""
    return (alpha * outputs).sum().clamp(min=0.0).sqrt().item()


class _Clock:
    """Seconds between laps; a GPU is waited for."""

    def __init__(self, device: torch.device) -> None:
        self._wait: Callable[[], None] = (
            (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else lambda: None
        )
        self._last = time.perf_counter()

    def lap(self) -> float:
        self._wait()
        before, self._last = self._last, time.perf_counter()
        return self._last - before
