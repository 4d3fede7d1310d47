from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.trial import ClassifierTrial

Array = NDArray[np.float64]


def gradients(weights: list[Array], x: Array, y: NDArray[np.int64]) -> list[Array]:
    """Of the mean cross-entropy of a network with one hidden layer of ReLUs, by hand."""
    w1, b1, w2, b2 = weights
    before = x @ w1.T + b1
    hidden = np.maximum(before, 0)
    logits = hidden @ w2.T + b2
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    d_logits = exponentials / exponentials.sum(axis=1, keepdims=True)
    d_logits[np.arange(len(y)), y] -= 1
    d_logits /= len(y)
    d_before = (d_logits @ w2) * (before > 0)
    return [d_before.T @ x, d_before.sum(axis=0), d_logits.T @ hidden, d_logits.sum(axis=0)]


def trained(trial: ClassifierTrial, weights: list[Array], x: Array, y: NDArray[np.int64]) -> None:
    """Full-batch SGD with momentum; the penalty (decay / 2)·‖w‖² adds decay·w to a gradient."""
    velocities = [np.zeros_like(w) for w in weights]
    for epoch in range(trial.epochs):
        lr = trial.lr * trial.lr_decay**epoch
        for w, v, g in zip(weights, velocities, gradients(weights, x, y), strict=True):
            v *= trial.momentum
            v += g + trial.weight_decay * w
            w -= lr * v


@pytest.mark.parametrize("weight_decay", [0.0, 5e-4, 0.3])
def test_training_is_sgd_with_momentum_and_an_l2_penalty_on_all_parameters(
    weight_decay: float, tiny: Callable[..., ClassifierTrial], engine: Callable[..., EagerEngine]
) -> None:
    trial = tiny(
        weight_decay=weight_decay, batch_size=512, lr=0.02, lr_decay=0.9, momentum=0.8, epochs=5
    )
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
        np.testing.assert_allclose(found.detach(), expected, rtol=0, atol=1e-4 * way)


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
