"""The capacity trainable (paper, sections 2.2 and 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from gensweep.trainables.capacity import rademacher, stability, vc
from gensweep.trainables.capacity.fitting import epochs, losses, untrained
from gensweep.trainables.capacity.sample import (
    Sample,
    halves,
    opened,
    random_classes,
    signs,
    test_sample,
    training_sample,
)
from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.context import Context
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.device import device_name
from gensweep.trainables.models import build_model
from gensweep.trainables.records import Measurement, Record, Started
from gensweep.trainables.runner import one_by_one
from gensweep.trainables.seeds import generator

Records = Iterator[Record]


def run(trials: Sequence[CapacityTrial], context: Context) -> Iterator[tuple[str, Record]]:
    """Raises DataError for a missing dataset, and what `one_by_one` does."""
    return one_by_one(trials, context, _measure)


def _measure(trial: CapacityTrial, context: Context, device: torch.device) -> Records:
    return _MEASURES[trial.measure](trial, context, device)


def _rademacher(trial: CapacityTrial, context: Context, device: torch.device) -> Records:
    arrays = opened(trial.dataset, context.data_dir)
    truth = halves(arrays.train_labels, arrays.classes)
    given = truth if trial.labels == "true" else signs(truth, trial.seed)
    where = context.data_dir, device
    sample = training_sample(trial.dataset, np.arange(trial.n), given, *where)
    test = test_sample(trial.dataset, halves(arrays.test_labels, arrays.classes), *where)
    model = untrained(trial, sample.inputs.shape[1:], rademacher.OUTPUTS)
    yield Started(device_name(device), vc.parameters(model))
    yield from rademacher.fit(model, sample, test, trial, context.should_stop)


def _stability(trial: CapacityTrial, context: Context, device: torch.device) -> Records:
    arrays = opened(trial.dataset, context.data_dir)
    given = arrays.train_labels
    if trial.labels == "random":
        given = random_classes(given, arrays.classes, trial.seed)
    draw = generator(trial.seed, "replaced-examples")
    places = draw.choice(trial.n, trial.replacements, replace=False)
    rest = np.arange(trial.n, len(given))
    where = context.data_dir, device
    sample = training_sample(trial.dataset, np.arange(trial.n), given, *where)
    others = training_sample(
        trial.dataset, draw.choice(rest, trial.replacements, replace=False), given, *where
    )
    test = test_sample(trial.dataset, arrays.test_labels, *where)

    def learn(on: Sample) -> Callable[[Sample], Tensor]:
        model = untrained(trial, on.inputs.shape[1:], arrays.classes)
        for _ in epochs(model, on, trial, context.should_stop):
            pass
        return partial(losses, model)

    yield Started(device_name(device), vc.parameters(_network(trial)))
    yield from stability.changes(learn, sample, torch.from_numpy(places), others, test)


def _vc(trial: CapacityTrial, context: Context, device: torch.device) -> Records:
    """The size of the network as it is trained on the dataset's classes, and with one output.

    parameters: those of the paper's table, with an output per class.
    weights:    W, those with one output, for which a VC dimension is defined.
    layers:     L. vc_order: W L log2 W. vc_bound: an upper bound, of perceptrons alone.
    """
    model = _network(trial, outputs=1)
    weights, layers = vc.parameters(model), vc.depth(model)
    yield Started(device_name(device), parameters := vc.parameters(_network(trial)))
    yield Measurement("parameters", parameters)
    yield Measurement("weights", weights)
    yield Measurement("layers", layers)
    yield Measurement("vc_order", vc.order(weights, layers))
    if perceptron := vc.layers_of(model):
        yield Measurement("vc_bound", vc.bound(perceptron))


def _network(trial: CapacityTrial, outputs: int | None = None) -> nn.Module:
    """The trial's network, with an output per class of its dataset if not said otherwise."""
    source = DATASETS[trial.dataset]
    shape = source.channels, source.view, source.view
    return build_model(trial.model, shape, outputs or source.classes, batch_norm=trial.batch_norm)


_MEASURES: dict[str, Callable[[CapacityTrial, Context, torch.device], Records]] = {
    "rademacher": _rademacher,
    "stability": _stability,
    "vc": _vc,
}
