from __future__ import annotations

import pytest
import torch
from torch import nn

from gensweep.trainables.models import MODELS, build_model
from gensweep.trainables.models.layers import initialize

CIFAR = (3, 28, 28)
PAPER = {
    ("inception", True): 1_649_402,
    ("inception", False): 1_649_402,
    ("alexnet", True): 1_387_786,
    ("mlp_3x512", True): 1_735_178,
    ("mlp_1x512", True): 1_209_866,
    ("resnet18", True): 11_173_962,
}


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def built(name: str, shape: tuple[int, int, int] = CIFAR, classes: int = 10) -> nn.Module:
    model = build_model(name, shape, classes)
    initialize(model, torch.Generator().manual_seed(0))
    return model


@pytest.mark.parametrize(("name", "batch_norm"), PAPER)
def test_parameter_counts_are_exactly_the_papers(name: str, batch_norm: bool) -> None:
    model = build_model(name, CIFAR, 10, batch_norm=batch_norm)
    assert parameters(model) == PAPER[name, batch_norm]
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_every_model_has_its_parameters_counted() -> None:
    assert {name for name, _ in PAPER} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 8, 8)])
@pytest.mark.parametrize("classes", [2, 10])
def test_models_run_on_other_images_and_classes(
    name: str, shape: tuple[int, int, int], classes: int
) -> None:
    model = built(name, shape, classes)
    logits = model(torch.randn(2, *shape))
    assert logits.shape == (2, classes)
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_thousand_classes_cost_a_read_out_alone() -> None:
    ten, thousand = (parameters(build_model("inception", CIFAR, n)) for n in (10, 1000))
    assert thousand - ten == 990 * (336 + 1)


@pytest.mark.parametrize("name", [name for name, m in MODELS.items() if m.batch_norm])
def test_batch_norm_can_be_taken_out(name: str) -> None:
    def norms(batch_norm: bool) -> int:
        model = build_model(name, CIFAR, 10, batch_norm=batch_norm)
        kinds = nn.modules.batchnorm._BatchNorm
        return sum(isinstance(module, kinds) for module in model.modules())

    assert norms(batch_norm=False) == 0
    assert norms(batch_norm=True) > 0


@pytest.mark.parametrize("name", [name for name, m in MODELS.items() if m.batch_norm])
def test_without_batch_norm_an_example_is_seen_apart_from_its_batch(name: str) -> None:
    model = build_model(name, (3, 8, 8), 10, batch_norm=False)
    initialize(model, torch.Generator().manual_seed(0))
    batch = torch.randn(4, 3, 8, 8)
    torch.testing.assert_close(model.train()(batch)[:1], model(batch[:1]))
    with_it = built(name, (3, 8, 8)).train()
    assert not torch.allclose(with_it(batch)[:2], with_it(batch[:2]), rtol=0.01)


@pytest.mark.parametrize("name", [name for name, m in MODELS.items() if not m.batch_norm])
def test_batch_norm_means_nothing_to_a_model_without_it(name: str) -> None:
    models = [build_model(name, CIFAR, 10, batch_norm=on) for on in (True, False)]
    assert str(models[0]) == str(models[1])


@pytest.mark.parametrize("name", MODELS)
def test_a_model_in_evaluation_does_not_change(name: str) -> None:
    model = built(name, (3, 8, 8)).eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    first = model(torch.ones(2, 3, 8, 8))
    assert torch.equal(model(torch.ones(2, 3, 8, 8)), first)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
