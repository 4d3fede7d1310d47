"""Whole trials against the loop a person would write in a notebook, from the paper alone."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.models import build_model
from gensweep.trainables.records import Epoch, Record, Steps

Model = Callable[[], nn.Module]


def sequence(seed: int, name: str, *epoch: int) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, zlib.crc32(name.encode()), *epoch])


def numpy_stream(seed: int, name: str, *epoch: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(sequence(seed, name, *epoch)))


def mlp(*widths: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def whitened(images: np.ndarray) -> Tensor:
    centre = images[:, 2:10, 2:10].transpose(0, 3, 1, 2) / 255.0
    centre = centre - centre.mean(axis=(1, 2, 3), keepdims=True)
    deviation = centre.std(axis=(1, 2, 3), keepdims=True)
    return torch.tensor(centre / np.maximum(deviation, 192**-0.5), dtype=torch.float32)


def given_labels(trial: ClassifierTrial, labels: np.ndarray) -> Tensor:
    coins = numpy_stream(trial.seed, "label-corruption").random(len(labels))
    classes = numpy_stream(trial.seed, "label-replacement").integers(10, size=len(labels))
    return torch.tensor(np.where(coins < trial.corruption, classes, labels))


def loss_and_error(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    model.eval()
    with torch.no_grad():
        logits = model(x)
    error = (logits.argmax(1) != y).double().mean().item()
    return functional.cross_entropy(logits, y).item(), error


def bare_loop(
    trial: ClassifierTrial, model: nn.Module, data: Dataset
) -> tuple[list[float], list[tuple[float, ...]]]:
    """The loss of every step; and by epoch the losses and errors in training and test."""
    x, y = whitened(data.train_images), given_labels(trial, data.train_labels)
    x_test, y_test = whitened(data.test_images), torch.tensor(data.test_labels)
    seed = int(sequence(trial.seed, "initialization").generate_state(1, np.uint64)[0]) >> 1
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(module.weight, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    optimizer = torch.optim.SGD(
        model.parameters(), trial.lr, trial.momentum, weight_decay=trial.weight_decay, foreach=False
    )
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, trial.lr_decay)
    steps, epochs = [], []
    for epoch in range(1, trial.epochs + 1):
        model.train()
        order = numpy_stream(trial.seed, "order", epoch).permutation(len(y))
        for start in range(0, len(y), trial.batch_size):
            batch = order[start : start + trial.batch_size]
            loss = functional.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps.append(loss.item())
        schedule.step()
        epochs.append((*loss_and_error(model, x, y), *loss_and_error(model, x_test, y_test)))
    return steps, epochs


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        ({}, lambda: mlp(192, 512, 10)),
        ({"randomization": "random_labels", "seed": 1}, lambda: mlp(192, 512, 10)),
        (
            {"randomization": "partial_labels", "corruption": 0.4, "weight_decay": 1e-3, "seed": 2},
            lambda: mlp(192, 512, 512, 512, 10),
        ),
        (
            {"lr_decay": 0.5, "momentum": 0.0, "batch_size": 33, "epochs": 3},
            lambda: mlp(192, 512, 10),
        ),
        ({"randomization": "random_labels"}, lambda: build_model("alexnet", (3, 8, 8), 10)),
        ({"batch_size": 128, "epochs": 1}, lambda: build_model("inception", (3, 8, 8), 10)),
    ],
    ids=["mlp", "random-labels", "partial-labels-wd", "decay", "alexnet", "inception"],
)
def test_a_trial_is_what_a_bare_pytorch_loop_computes(
    settings: dict[str, object],
    model: Model,
    request: pytest.FixtureRequest,
    tiny: Callable[..., ClassifierTrial],
    train: Callable[..., list[Record]],
    synthetic: Dataset,
) -> None:
    bare = model()
    case = request.node.callspec.id
    deep = "mlp_3x512" if case == "partial-labels-wd" else "mlp_1x512"
    name = case if case in ("alexnet", "inception") else deep
    trial = tiny(model=name, log_every=1, **settings)
    steps, epochs = bare_loop(trial, bare, synthetic)
    records = train(trial)
    found = [record.train_loss for record in records if isinstance(record, Steps)]
    assert found == pytest.approx(steps, rel=1e-3)
    for record, expected in zip(
        (record for record in records if isinstance(record, Epoch)), epochs, strict=True
    ):
        train_loss, train_error, test_loss, test_error = expected
        assert record.train_loss == pytest.approx(train_loss, rel=1e-3)
        assert record.test_loss == pytest.approx(test_loss, rel=1e-3)
        assert record.train_error == pytest.approx(train_error, abs=1.5 / 512)
        assert record.test_error == pytest.approx(test_error, abs=1.5 / 128)
