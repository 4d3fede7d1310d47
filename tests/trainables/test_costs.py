"""What a trial is said to cost is what its layers compute."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from math import prod
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.models import MODELS, Architecture, build_model, models_for
from gensweep.trainables.models.counting import count
from gensweep.trainables.models.layers import LocalResponseNorm
from gensweep.trainables.models.macs import multiply_accumulates

# Of all convolutions and linear layers on one image of CIFAR-10, by hand.
CIFAR10 = {
    "inception": 784 * (3 * 864 + 257_888) + 3_360,
    "alexnet": 784 * (3 * 1_600 + 27_136) + 75_648,
    "mlp_1x512": 784 * 3 * 512 + 5_120,
    "mlp_3x512": 784 * 3 * 512 + 529_408,
}


def counted(model: str, dataset: str, norms: bool = True) -> int:
    """By the outputs that each layer has on one image."""
    source, total = DATASETS[dataset], 0

    def count(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d | nn.Linear):
            total += output.numel() * prod(module.weight.shape[1:])
        elif norms and isinstance(module, LocalResponseNorm):  # a 1x1 convolution inside
            total += output.numel() * output.shape[1]

    shape = (source.channels, source.view, source.view)
    network = build_model(model, shape, source.classes).eval()
    for module in network.modules():
        module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, *shape))
    return total


@pytest.mark.parametrize(
    ("model", "dataset"),
    [
        (model, dataset)
        for dataset in ("cifar10", "mnist", "digits", "synthetic")
        for model in models_for(DATASETS[dataset].view)
    ],
)
def test_every_model_costs_what_its_layers_compute(model: str, dataset: str) -> None:
    assert multiply_accumulates(model, dataset) == counted(model, dataset)


@pytest.mark.parametrize(("model", "by_hand"), CIFAR10.items())
def test_layers_compute_what_was_counted_by_hand(model: str, by_hand: int) -> None:
    assert counted(model, "cifar10", norms=False) == by_hand


def test_a_trial_costs_its_model_times_its_examples_times_its_epochs() -> None:
    trial = ClassifierTrial(model="mlp_1x512", dataset="digits", epochs=3)
    assert trial.cost == 3 * 1437 * (64 * 512 + 512 * 10)
    assert replace(trial, stop="fit", seed=1, batch_size=1).cost == trial.cost


def test_a_model_that_cannot_be_built_costs_as_much_as_the_costliest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(MODELS, "broken", Architecture("no_such_file:Model"))
    assert "broken" not in count((3, 28, 28), 10)
    assert multiply_accumulates("broken", "cifar10") == counted("resnet18", "cifar10")
    monkeypatch.delitem(MODELS, "broken")
    assert multiply_accumulates("forgotten", "cifar10") == counted("resnet18", "cifar10")


@pytest.mark.parametrize(
    ("model", "side", "gigas"), [("inception_v3", 299, 5.71), ("resnet50", 224, 4.09)]
)
def test_the_models_of_imagenet_cost_what_torchvision_says(
    model: str, side: int, gigas: float
) -> None:
    """As `_ops` of their weights, in multiply-accumulates."""
    assert count((3, side, side), 1000)[model] / 1e9 == pytest.approx(gigas, abs=0.01)


COSTS = """
import sys
from gensweep.trainables.models import MODELS
from gensweep.trainables.models.macs import multiply_accumulates
print({name: multiply_accumulates(name, "digits") for name in MODELS})
assert "torch" not in sys.modules
"""


def costs_without_torch(cache: Path, **more: str) -> str:
    home = {"XDG_CACHE_HOME": str(cache), "HOME": str(cache)}
    command = [sys.executable, "-c", COSTS]
    done = subprocess.run(
        command, env={**os.environ, **home, **more}, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_without_torch_costs_are_counted_once_and_kept(tmp_path: Path) -> None:
    costs = {model: counted(model, "digits") for model in models_for(8)}
    # One that cannot be built for these images counts as much as the costliest that can.
    expected = {model: costs.get(model, max(costs.values())) for model in MODELS}
    assert costs_without_torch(tmp_path) == f"{expected}\n"
    (kept,) = tmp_path.rglob("macs-*.json")
    assert json.loads(kept.read_text()) == count((1, 8, 8), 10)
    kept.write_text(json.dumps(dict.fromkeys(MODELS, 7)))
    assert costs_without_torch(tmp_path) == f"{dict.fromkeys(MODELS, 7)}\n"


def test_where_nothing_can_be_counted_all_models_cost_the_same(tmp_path: Path) -> None:
    broken = tmp_path / "path"
    broken.mkdir()
    (broken / "torch.py").write_text("raise ImportError('not on this machine')")
    path = f"{broken}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    found = costs_without_torch(tmp_path, PYTHONPATH=path)
    assert found == f"{dict.fromkeys(MODELS, 1)}\n"
