from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.seeds import generator

Array = NDArray[np.float64]


def gradients(
    weights: list[Array], x: Array, y: NDArray[np.int64], smoothing: float
) -> list[Array]:
    """Of the mean cross-entropy of a network with one hidden layer of ReLUs, by hand."""
    w1, b1, w2, b2 = weights
    before = x @ w1.T + b1
    hidden = np.maximum(before, 0)
    logits = hidden @ w2.T + b2
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    d_logits = exponentials / exponentials.sum(axis=1, keepdims=True)
    classes = logits.shape[1]
    d_logits -= (1 - smoothing) * np.eye(classes)[y] + smoothing / classes
    d_logits /= len(y)
    d_before = (d_logits @ w2) * (before > 0)
    return [d_before.T @ x, d_before.sum(axis=0), d_logits.T @ hidden, d_logits.sum(axis=0)]


class Sgd:
    """With momentum; the penalty (decay / 2)·‖w‖² adds decay·w to a gradient."""

    def __init__(self, trial: ClassifierTrial) -> None:
        self.trial, self.steps = trial, 0
        self.v: Array = np.zeros(())
        self.m: Array = np.zeros(())

    def change(self, w: Array, g: Array, lr: float) -> Array:
        self.v = self.trial.momentum * self.v + g + self.trial.weight_decay * w
        return -lr * self.v


class RmsProp(Sgd):
    """As TensorFlow's documentation has it."""

    def change(self, w: Array, g: Array, lr: float) -> Array:
        t = self.trial
        g = g + t.weight_decay * w
        mean_square = np.ones(()) if self.steps == 0 else self.v
        self.v = t.beta2 * mean_square + (1 - t.beta2) * g**2
        self.m = t.momentum * self.m + lr * g / np.sqrt(self.v + t.epsilon)
        self.steps += 1
        return -self.m


class Adam(Sgd):
    """Algorithm 1 of Kingma and Ba; with `decoupled`, algorithm 2 of Loshchilov and Hutter."""

    decoupled = False

    def change(self, w: Array, g: Array, lr: float) -> Array:
        t = self.trial
        self.steps += 1
        decay = t.weight_decay * w
        g = g if self.decoupled else g + decay
        self.m = t.momentum * self.m + (1 - t.momentum) * g
        self.v = t.beta2 * self.v + (1 - t.beta2) * g**2
        m, v = self.m / (1 - t.momentum**self.steps), self.v / (1 - t.beta2**self.steps)
        return -lr * m / (np.sqrt(v) + t.epsilon) - (lr * decay if self.decoupled else 0.0)


class AdamW(Adam):
    decoupled = True


REFERENCES = {"sgd": Sgd, "rmsprop": RmsProp, "adam": Adam, "adamw": AdamW}
BATCHES = 4


def trained(trial: ClassifierTrial, weights: list[Array], x: Array, y: NDArray[np.int64]) -> None:
    rules = [REFERENCES[trial.optimizer](trial) for _ in weights]
    for epoch in range(trial.epochs):
        order = generator(trial.seed, "order", epoch + 1).permutation(len(y))
        decays = epoch // trial.lr_decay_epochs
        for step, batch in enumerate(np.split(order, BATCHES), 1):
            warm = BATCHES * trial.warmup_epochs
            lr = trial.lr * trial.lr_decay**decays
            lr *= min(1, (BATCHES * epoch + step) / warm) if warm else 1
            found = gradients(weights, x[batch], y[batch], trial.label_smoothing)
            for w, rule, g in zip(weights, rules, found, strict=True):
                w += rule.change(w, g, lr)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 5e-4},
        {"weight_decay": 0.3, "label_smoothing": 0.1},
        {"lr_decay": 0.5, "lr_decay_epochs": 2, "warmup_epochs": 3, "momentum": 0.0},
        {"optimizer": "rmsprop", "beta2": 0.9, "epsilon": 1.0, "weight_decay": 0.3},
        {"optimizer": "rmsprop", "lr": 1e-3, "epsilon": 1e-3, "warmup_epochs": 2},
        {"optimizer": "adam", "lr": 1e-3, "epsilon": 1e-3},
        {"optimizer": "adam", "lr": 1e-3, "epsilon": 1e-3, "weight_decay": 0.3},
        {"optimizer": "adamw", "lr": 1e-3, "epsilon": 1e-3, "weight_decay": 0.3},
    ],
    ids=lambda settings: " ".join(map(str, settings.values())) or "default",
)
def test_training_is_what_the_definition_of_the_optimizer_computes(
    settings: dict[str, Any],
    tiny: Callable[..., ClassifierTrial],
    engine: Callable[..., EagerEngine],
) -> None:
    defaults = {"batch_size": 512 // BATCHES, "lr": 0.02, "lr_decay": 0.9, "momentum": 0.8}
    trial = tiny(**{**defaults, "epochs": 5, **settings})
    running = engine(trial)
    lane = running._lanes[0]
    start = [p.detach().double().numpy().copy() for p in lane.model.parameters()]
    weights = [w.copy() for w in start]
    x = lane.data.train.inputs.flatten(1).double().numpy()
    trained(trial, weights, x, lane.data.train.labels.numpy())
    for epoch in range(1, trial.epochs + 1):
        list(running.train_epoch({0: epoch}, lambda: False))
    for found, expected, before in zip(lane.model.parameters(), weights, start, strict=True):
        way = np.abs(expected - before).max()
        assert way > 1e-3
        np.testing.assert_allclose(found.detach(), expected, rtol=0, atol=2e-4 * way)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_reported_loss_is_that_of_the_labels_as_given(
    smoothing: float, tiny: Callable[..., ClassifierTrial], engine: Callable[..., EagerEngine]
) -> None:
    running = engine(tiny(label_smoothing=smoothing, batch_size=512, log_every=1, epochs=1))
    evaluation = running.evaluate(0, lambda: False)
    assert evaluation
    (window,) = running.train_epoch({0: 1}, lambda: False)
    assert window.train_loss[0] == pytest.approx(evaluation[0].loss, rel=1e-5)


def test_weights_do_not_decay_unless_asked_to(
    tiny: Callable[..., ClassifierTrial], engine: Callable[..., EagerEngine]
) -> None:
    lane = engine(tiny(randomization="random_labels", crop=True, dropout=0.5))._lanes[0]
    before = [parameter.detach().clone() for parameter in lane.model.parameters()]
    for parameter in lane.model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    for _ in range(3):
        lane.optimizer.step()
    assert all(map(torch.equal, lane.model.parameters(), before))
