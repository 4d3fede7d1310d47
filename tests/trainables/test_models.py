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
IMAGENET = {  # by model and whether it has an auxiliary head; torchvision states the same
    ("inception_v3", True): 27_161_264,
    ("inception_v3", False): 23_834_568,
    ("resnet50", False): 25_557_032,
}


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def built(
    name: str, shape: tuple[int, int, int] = CIFAR, classes: int = 10, batch_norm: bool = True
) -> nn.Module:
    model = build_model(name, shape, classes, batch_norm=batch_norm)
    initialize(model, torch.Generator().manual_seed(0))
    return model


@pytest.mark.parametrize(("name", "batch_norm"), PAPER)
def test_parameter_counts_are_exactly_the_papers(name: str, batch_norm: bool) -> None:
    model = build_model(name, CIFAR, 10, batch_norm=batch_norm)
    assert parameters(model) == PAPER[name, batch_norm]
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize(("name", "auxiliary"), IMAGENET)
def test_parameter_counts_at_a_thousand_classes_are_exactly_torchvisions(
    name: str, auxiliary: bool
) -> None:
    model = build_model(name, (3, 224, 224), 1000, auxiliary=auxiliary)
    assert parameters(model) == IMAGENET[name, auxiliary]
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_every_model_has_its_parameters_counted() -> None:
    assert {name for name, _ in [*PAPER, *IMAGENET]} == set(MODELS)


def large_enough(name: str, channels: int, side: int) -> tuple[int, int, int]:
    """The shape of images with so many pixels a side, or more where the model needs more."""
    side = max(side, MODELS[name].smallest)
    return channels, side, side


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("channels", "side"), [(1, 8), (1, 28), (3, 32), (3, 8)])
@pytest.mark.parametrize("classes", [2, 10])
def test_models_run_on_other_images_and_classes(
    name: str, channels: int, side: int, classes: int
) -> None:
    shape = large_enough(name, channels, side)
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
    shape = large_enough(name, 3, 8)
    model = built(name, shape, batch_norm=False)
    batch = torch.randn(4, *shape)
    torch.testing.assert_close(model.train()(batch)[:1], model(batch[:1]))
    with_it = built(name, shape).train()
    assert not torch.allclose(with_it(batch)[:2], with_it(batch[:2]), rtol=0.01)


@pytest.mark.parametrize("name", [name for name, m in MODELS.items() if not m.batch_norm])
def test_batch_norm_means_nothing_to_a_model_without_it(name: str) -> None:
    models = [build_model(name, CIFAR, 10, batch_norm=on) for on in (True, False)]
    assert str(models[0]) == str(models[1])


@pytest.mark.parametrize("name", MODELS)
def test_a_model_in_evaluation_does_not_change(name: str) -> None:
    shape = large_enough(name, 3, 8)
    model = built(name, shape).eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    first = model(torch.ones(2, *shape))
    assert torch.equal(model(torch.ones(2, *shape)), first)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
