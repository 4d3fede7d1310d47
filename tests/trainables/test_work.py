"""What a trial is said to cost is what its layers compute."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest
import torch
from torch import Tensor, nn

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.models import MODELS, build_model
from gensweep.trainables.work import multiply_accumulates


def counted(model: str, dataset: str) -> int:
    """Of all convolutions and linear layers, by the outputs that they have on one image."""
    source, total = DATASETS[dataset], 0

    def count(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d | nn.Linear):
            total += output.numel() * prod(module.weight.shape[1:])

    shape = (source.channels, source.view, source.view)
    network = build_model(model, shape, source.classes).eval()
    for module in network.modules():
        module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, *shape))
    return total


@pytest.mark.parametrize("dataset", ["cifar10", "mnist", "digits", "synthetic"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_costs_what_its_layers_compute(model: str, dataset: str) -> None:
    exact = model != "resnet18" or DATASETS[dataset].view == 8
    expected = counted(model, dataset)
    assert multiply_accumulates(model, dataset) == pytest.approx(expected, rel=0 if exact else 0.08)


def test_a_trial_costs_its_model_times_its_examples_times_its_epochs() -> None:
    trial = ClassifierTrial(model="mlp_1x512", dataset="digits", epochs=3)
    assert trial.work == 3 * 1437 * (64 * 512 + 512 * 10)
    assert replace(trial, stop="fit", seed=1, batch_size=1).work == trial.work
