"""What `aux_weight` changes: the step, and nothing that is reported or evaluated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gensweep.trainables.classifier.engines.captured import captures
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.losses import training_losses
from gensweep.trainables.classifier.run import ENGINES, run
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.records import Ended, Record, Started
from gensweep.trainables.seeds import generator

Large = Callable[..., ClassifierTrial]
MakeEngine = Callable[..., EagerEngine]
ONE_STEP = {"epochs": 1, "batch_size": 24, "log_every": 1, "momentum": 0.0, "lr": 0.1}


def entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """By its definition: the mean of -sum q log p, with q the smoothed labels."""
    log_p = logits - logits.logsumexp(dim=1, keepdim=True)
    classes = logits.shape[1]
    q = (1 - smoothing) * functional.one_hot(labels, classes) + smoothing / classes
    return -(q * log_p).sum(dim=1).mean()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [0.4, 2.0])
def test_both_classifiers_are_minimized_and_the_loss_of_one_is_reported(
    smoothing: float, weight: float
) -> None:
    logits, auxiliary = torch.randn(2, 6, 4, requires_grad=True)
    labels = torch.arange(6) % 4
    objective, loss = training_losses((logits, auxiliary), labels, smoothing, weight)
    expected = entropy(logits, labels, smoothing) + weight * entropy(auxiliary, labels, smoothing)
    torch.testing.assert_close(objective, expected)
    torch.testing.assert_close(loss, entropy(logits, labels, 0.0).detach())
    assert not loss.requires_grad


@pytest.mark.parametrize(("weight", "smoothing"), [(0.4, 0.0), (3.0, 0.2)])
def test_a_step_goes_down_the_gradient_of_both_losses(
    weight: float, smoothing: float, large: Large, engine: MakeEngine
) -> None:
    trial = large(**ONE_STEP, aux_weight=weight, label_smoothing=smoothing)
    running, twin = engine(trial), engine(trial)._lanes[0]
    (window,) = running.train_epoch({0: 1}, lambda: False)

    order = torch.from_numpy(generator(trial.seed, "order", 1).permutation(24))
    images, labels = twin.data.train.inputs[order], twin.data.train.labels[order]
    images = images.contiguous(memory_format=twin.layout)
    logits, auxiliary = twin.model.train()(images)
    objective = entropy(logits, labels, smoothing) + weight * entropy(auxiliary, labels, smoothing)
    gradients = torch.autograd.grad(objective, list(twin.model.parameters()))

    assert window.train_loss[0] == pytest.approx(entropy(logits, labels, 0.0).item(), rel=1e-5)
    after = dict(running._lanes[0].model.named_parameters())
    for (name, before), gradient in zip(twin.model.named_parameters(), gradients, strict=True):
        moved, step = before.detach() - after[name].detach(), trial.lr * gradient
        assert (moved - step).norm() <= 1e-3 * step.norm() + 1e-6, name


def test_the_head_learns_and_is_counted_and_evaluation_does_without_it(
    large: Large, engine: MakeEngine
) -> None:
    with_it, without = engine(large(**ONE_STEP)), engine(large(**ONE_STEP, aux_weight=0))
    head = with_it._lanes[0].model.get_submodule("auxiliary")
    own = sum(parameter.numel() for parameter in head.parameters())
    assert with_it.parameters == without.parameters + own
    first = [running.evaluate(0, lambda: False) for running in (with_it, without)]
    assert first[0] == first[1]
    before = [parameter.detach().clone() for parameter in head.parameters()]
    list(with_it.train_epoch({0: 1}, lambda: False))
    assert not any(map(torch.equal, before, head.parameters()))
    evaluation = with_it.evaluate(0, lambda: False)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.fill_(7.0)
    assert with_it.evaluate(0, lambda: False) == evaluation


def test_the_captured_engine_leaves_trials_with_a_head_to_the_eager_one(
    large: Large, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert captures(large(aux_weight=0))
    assert not captures(large())
    monkeypatch.delitem(ENGINES, "captured")
    on = Context(data_dir, device="cpu", engine="captured", threads=1)
    records: list[Record] = [record for _, record in run([large(epochs=1)], on)]
    assert isinstance(records[0], Started)
    assert records[-1] == Ended("done")


def test_trials_with_a_head_and_without_train_in_engines_of_their_own(large: Large) -> None:
    assert large().engine_key != large(aux_weight=0).engine_key
    assert large().trial_id != large(aux_weight=0).trial_id


def test_bf16_takes_the_head_along(large: Large, engine: MakeEngine) -> None:
    running = engine(large(**ONE_STEP, precision="bf16"))
    (window,) = running.train_epoch({0: 1}, lambda: False)
    exact = engine(large(**ONE_STEP))
    (reference,) = exact.train_epoch({0: 1}, lambda: False)
    assert window.train_loss[0] == pytest.approx(reference.train_loss[0], rel=0.1)
