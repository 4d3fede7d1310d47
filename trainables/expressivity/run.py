"""Running trials of theorem 1: construct or train, then look at every output."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from gensweep.trainables.context import Context
from gensweep.trainables.device import device_name
from gensweep.trainables.expressivity.construct import construct
from gensweep.trainables.expressivity.judge import Fit, judge
from gensweep.trainables.expressivity.sample import draw_sample
from gensweep.trainables.expressivity.sgd import epochs, hidden_units, untrained
from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.records import Measurement, Record, Started
from gensweep.trainables.runner import one_by_one

_PRECISIONS = {"fp32": torch.float32, "fp64": torch.float64}
_ROWS = 4096  # that a trained network, whose activations are few, is asked about at a time


def run(trials: Sequence[ExpressivityTrial], context: Context) -> Iterator[tuple[str, Record]]:
    """Raises DataError for a missing dataset or for equal inputs with different labels, and what
    `one_by_one` does.
    """
    return one_by_one(trials, context, _fit)


def _fit(trial: ExpressivityTrial, context: Context, device: torch.device) -> Iterator[Record]:
    sample = draw_sample(trial, context.data_dir)
    inputs = sample.inputs.to(device)
    targets = sample.targets(trial.output, _PRECISIONS[trial.precision]).to(device)
    if trial.method == "sgd":
        yield from _trained(trial, context, inputs, targets)
    else:
        yield from _constructed(trial, context, inputs, targets, sample.rows)


def _constructed(
    trial: ExpressivityTrial, context: Context, inputs: Tensor, targets: Tensor, rows: Tensor
) -> Iterator[Record]:
    """`rows` (n,) is what the points are called in an error."""
    n, d = inputs.shape
    yield Started(device_name(inputs.device), d + n * (1 + trial.outputs))
    began = time.perf_counter()
    made = construct(
        inputs,
        targets,
        precision=targets.dtype,
        seed=trial.seed,
        depth=trial.depth,
        knot=trial.knot,
        name=lambda row: str(int(rows[row])),
    )
    built = time.perf_counter() - began
    fit = judge(made.network, inputs, targets, made.network.rows, context.should_stop)
    yield from _fitted(fit)
    yield Measurement("condition", made.condition)
    yield Measurement("dimensions", d)
    if n > 1:
        yield Measurement("smallest_gap", made.smallest_gap)
    yield Measurement("equal_projections", made.equal_projections)
    yield Measurement("draws", made.draws)
    yield Measurement("width", made.network.width)
    yield Measurement("construct_seconds", built)
    yield Measurement("seconds", time.perf_counter() - began)


def _trained(
    trial: ExpressivityTrial, context: Context, inputs: Tensor, targets: Tensor
) -> Iterator[Record]:
    """Measurements at every epoch; the last are the trial's."""
    network = untrained(trial, inputs, targets.dtype)
    yield Started(device_name(inputs.device), sum(p.numel() for p in network.parameters()))
    n, d = inputs.shape
    yield Measurement("dimensions", d)
    yield Measurement("width", hidden_units(n, d, trial.outputs))
    began = time.perf_counter()
    for epoch, loss in epochs(network, trial, inputs, targets, context.should_stop):
        fit = judge(network, inputs, targets, _ROWS, context.should_stop)
        yield from _fitted(fit, epoch, residuals=trial.output == "real")
        yield Measurement("train_loss", loss, epoch)
        yield Measurement("seconds", time.perf_counter() - began, epoch)


def _fitted(fit: Fit, epoch: int | None = None, residuals: bool = True) -> Iterator[Record]:
    """Logits have no residuals: they are no regression on 0 and 1."""
    yield Measurement("train_error", fit.train_error, epoch)
    if residuals:
        yield Measurement("max_residual", fit.max_residual, epoch)
    yield Measurement("fits", float(fit.train_error == 0.0), epoch)
