from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.models.layers import Dropout
from gensweep.trainables.records import Epoch, Record

Tiny = Callable[..., ClassifierTrial]


def dropout(probability: float, seed: int = 0) -> Dropout:
    layer = Dropout(probability)
    layer.generator = torch.Generator().manual_seed(seed)
    return layer


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_units_are_dropped_with_the_probability_and_the_mean_is_kept(probability: float) -> None:
    n = 200_000
    dropped = dropout(probability)(torch.ones(n))
    keep = 1 - probability
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], torch.full_like(dropped[kept], 1 / keep))
    sigma = (probability * keep / n) ** 0.5
    assert abs(kept.double().mean().item() - keep) < 5 * sigma
    assert abs(dropped.double().mean().item() - 1) < 5 * sigma / keep


def test_each_unit_of_each_example_is_dropped_on_its_own() -> None:
    kept = (dropout(0.5)(torch.ones(400, 300)) != 0).float()
    assert kept.mean(dim=0).std() < 0.05
    assert kept.mean(dim=1).std() < 0.05


def test_gradients_flow_through_kept_units_only() -> None:
    x = torch.ones(100, requires_grad=True)
    dropped = dropout(0.5)(x)
    dropped.sum().backward()
    assert torch.equal(x.grad, dropped.detach())


def test_nothing_is_dropped_in_evaluation() -> None:
    layer, x = dropout(0.5).eval(), torch.rand(100)
    assert torch.equal(layer(x), x)


def test_nothing_is_dropped_at_probability_0() -> None:
    x = torch.rand(100)
    assert torch.equal(dropout(0.0)(x), x)


def test_dropout_draws_from_its_own_generator() -> None:
    x = torch.ones(1000)
    one = dropout(0.5, seed=3)(x)
    torch.manual_seed(99)
    process_wide = torch.get_rng_state()
    assert torch.equal(dropout(0.5, seed=3)(x), one)
    assert not torch.equal(dropout(0.5, seed=4)(x), one)
    assert torch.equal(torch.get_rng_state(), process_wide)


@pytest.mark.parametrize("model", ["mlp_1x512", "mlp_3x512", "alexnet", "inception"])
def test_a_trials_dropout_works_in_training_and_rests_in_evaluation(
    model: str, tiny: Tiny, engine: Callable[..., EagerEngine]
) -> None:
    lane = engine(tiny(model=model, dropout=0.5))._lanes[0]
    layers = [module for module in lane.model.modules() if isinstance(module, Dropout)]
    assert layers
    assert all(layer.probability == 0.5 for layer in layers)
    inputs = lane.data.train.inputs[:8]
    lane.model.eval()
    assert torch.equal(lane.model(inputs), lane.model(inputs))
    for module in lane.model.modules():
        module.training = isinstance(module, Dropout)
    assert not torch.equal(lane.model(inputs), lane.model(inputs))


def test_a_trial_drops_other_units_in_every_epoch(
    tiny: Tiny, engine: Callable[..., EagerEngine]
) -> None:
    running = engine(tiny(dropout=0.3, batch_size=512))
    modules = running._lanes[0].model.modules()
    layer = next(module for module in modules if isinstance(module, Dropout))
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    layer.register_forward_hook(lambda _, x, y: seen.append((x[0] > 0, y > 0)))
    for epoch in (1, 2):
        list(running.train_epoch({0: epoch}, lambda: False))
    (active, kept), (active_later, kept_later) = seen
    both = active & active_later  # a unit at 0 does not tell whether it was dropped
    agreement = (kept == kept_later)[both].double().mean().item()
    assert agreement == pytest.approx(0.7**2 + 0.3**2, abs=0.01)


def test_a_trial_with_dropout_does_not_depend_on_the_process_wide_seed(
    tiny: Tiny, train: Callable[[ClassifierTrial], list[Record]]
) -> None:
    losses = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        records = train(tiny(dropout=0.5, epochs=1))
        losses += [record.train_loss for record in records if isinstance(record, Epoch)]
    assert losses[0] == losses[1]
    without = train(tiny(epochs=1))
    assert losses[0] != next(r.train_loss for r in without if isinstance(r, Epoch))
