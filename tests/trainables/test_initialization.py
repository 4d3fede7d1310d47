from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import pytest
import torch
from torch import Tensor, nn

from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.models import MODELS, build_model
from gensweep.trainables.models.layers import initialize
from gensweep.trainables.seeds import torch_seed

SHAPE = (3, 8, 8)
SMALL = ["mlp_3x512", "alexnet", "inception"]

Tiny = Callable[..., ClassifierTrial]
MakeEngine = Callable[..., EagerEngine]


def start(name: str, seed: int, *, batch_norm: bool = True) -> dict[str, Tensor]:
    model = build_model(name, SHAPE, 10, batch_norm=batch_norm)
    initialize(model, torch.Generator().manual_seed(seed))
    return model.state_dict()


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("name", MODELS)
def test_initial_weights_are_those_of_the_seed(name: str) -> None:
    torch.manual_seed(1)
    first = start(name, 5)
    torch.manual_seed(2)
    assert equal(first, start(name, 5))
    assert not equal(first, start(name, 6))


@pytest.mark.parametrize("name", SMALL)
def test_weights_are_glorot_uniform_in_the_order_of_the_modules_and_biases_0(name: str) -> None:
    model = build_model(name, SHAPE, 10)
    initialize(model, torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(5)
    for module in model.modules():
        if not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        field = module.weight[0, 0].numel()
        ins, outs = module.weight.shape[1] * field, module.weight.shape[0] * field
        bound = sqrt(6 / (ins + outs))
        drawn = torch.empty_like(module.weight).uniform_(-bound, bound, generator=generator)
        torch.testing.assert_close(module.weight.detach(), drawn, rtol=0, atol=1e-7)
        assert module.weight.std().item() == pytest.approx(bound / sqrt(3), rel=0.1)
        assert module.bias is None or not module.bias.any()


@pytest.mark.parametrize("name", [name for name, m in MODELS.items() if m.batch_norm])
def test_a_network_starts_from_the_same_weights_with_batch_norm_and_without(name: str) -> None:
    with_it, without = start(name, 5), start(name, 5, batch_norm=False)
    generated = [[w for w in state.values() if w.dim() > 1] for state in (with_it, without)]
    assert all(map(torch.equal, *generated))
    assert len(generated[0]) == len(generated[1]) > 0


def test_trials_of_one_seed_start_alike_whatever_else_they_do(
    tiny: Tiny, engine: MakeEngine
) -> None:
    torch.manual_seed(1)
    trials = [
        tiny(seed=2),
        tiny(seed=2, randomization="random_labels"),
        tiny(seed=2, lr=0.3, weight_decay=0.1, flip=True, crop=True),
        tiny(seed=2, randomization="gaussian", epochs=9, batch_size=7),
    ]
    first, *others = [lane.model.state_dict() for lane in engine(*trials)._lanes]
    assert all(equal(first, other) for other in others)


def test_trials_of_different_seeds_start_differently(tiny: Tiny, engine: MakeEngine) -> None:
    one, other = engine(tiny(seed=0), tiny(seed=1))._lanes
    assert not equal(one.model.state_dict(), other.model.state_dict())


def test_a_trial_starts_from_its_initialization_stream(tiny: Tiny, engine: MakeEngine) -> None:
    trial = tiny(model="alexnet", seed=11)
    expected = start("alexnet", torch_seed(11, "initialization"))
    assert equal(engine(trial)._lanes[0].model.state_dict(), expected)
