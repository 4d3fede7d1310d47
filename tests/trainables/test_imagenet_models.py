"""Inception V3 and ResNet-50 against those of torchvision, which are written independently."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torchvision import models as torchvision

from gensweep.trainables.capacity.vc import depth
from gensweep.trainables.models import MODELS, build_model
from gensweep.trainables.models.layers import Dropout, initialize

PAIRS: dict[str, Callable[[], nn.Module]] = {
    "inception_v3": lambda: torchvision.Inception3(10, init_weights=False, dropout=0.0),
    "resnet50": lambda: torchvision.resnet50(num_classes=10),
}


def built(name: str, side: int = 75, channels: int = 3, **settings: object) -> nn.Module:
    model = build_model(name, (channels, side, side), 10, **settings)  # type: ignore[arg-type]
    initialize(model, torch.Generator().manual_seed(0))
    return model


def in_our_order(states: dict[str, Tensor]) -> list[str]:
    """torchvision's names; our auxiliary head comes last."""
    return sorted(states, key=lambda name: name.startswith("AuxLogits."))


def pair(name: str, side: int) -> tuple[nn.Module, nn.Module]:
    """Ours and theirs with the same weights, drawn so that no two layers could be exchanged."""
    ours = build_model(name, (3, side, side), 10, auxiliary=True)
    theirs = PAIRS[name]()
    generator = torch.Generator().manual_seed(0)
    initialize(ours, generator)
    for module in ours.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                tensor.data.add_(torch.rand(tensor.shape, generator=generator), alpha=0.1)
    names = in_our_order(theirs.state_dict())
    states = ours.state_dict().values()
    theirs.load_state_dict({n: s.clone() for n, s in zip(names, states, strict=True)})
    return ours, theirs


def outputs(model: nn.Module, x: Tensor) -> list[Tensor]:
    found = model(x)
    return [found] if isinstance(found, Tensor) else list(found)


@pytest.mark.parametrize(("name", "side"), [("inception_v3", 299), ("resnet50", 224)])
def test_logits_are_those_of_torchvision_with_the_same_weights(name: str, side: int) -> None:
    ours, theirs = pair(name, side)
    x = torch.randn(2, 3, side, side)
    for training in (False, True):
        with torch.no_grad():
            found, expected = (outputs(model.train(training), x) for model in (ours, theirs))
        assert len(found) == 1 + (training and MODELS[name].auxiliary)
        torch.testing.assert_close(found, expected)
    # In training mode the running statistics moved as well.
    names, after = in_our_order(theirs.state_dict()), theirs.state_dict()
    torch.testing.assert_close([*ours.state_dict().values()], [after[name] for name in names])


def test_gradients_are_those_of_torchvision_through_both_classifiers() -> None:
    ours, theirs = pair("inception_v3", 299)
    x = torch.randn(2, 3, 299, 299)
    for model in (ours, theirs):
        logits, auxiliary = outputs(model.train(), x)
        (logits.square().mean() + 0.4 * auxiliary.square().mean()).backward()
    names, parameters = in_our_order(theirs.state_dict()), dict(theirs.named_parameters())
    expected = [parameters[name].grad for name in names if name in parameters]
    for found, gradient in zip(ours.parameters(), expected, strict=True):
        assert (found.grad - gradient).norm() <= 1e-4 * gradient.norm()


WEIGHTS = {
    "inception_v3": torchvision.Inception_V3_Weights.DEFAULT,
    "resnet50": torchvision.ResNet50_Weights.DEFAULT,
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_the_smallest_images_are_those_that_torchvision_states(name: str) -> None:
    least = MODELS[name].smallest
    assert WEIGHTS[name].meta["min_size"] == (least, least)
    assert built(name, least)(torch.randn(2, 3, least, least)).shape == (2, 10)


@pytest.mark.parametrize(("name", "layers"), [("inception_v3", 48), ("resnet50", 50)])
def test_the_longest_path_has_as_many_layers_as_the_network_is_known_for(
    name: str, layers: int
) -> None:
    assert depth(built(name)) == layers


def test_inception_v3_runs_on_no_smaller_images() -> None:
    with pytest.raises(RuntimeError):
        built("inception_v3", 74)(torch.randn(2, 3, 74, 74))


@pytest.mark.parametrize("side", [75, 76, 112, 299])
def test_the_auxiliary_head_reads_maps_of_any_size(side: int) -> None:
    model = built("inception_v3", side, auxiliary=True)
    with torch.no_grad():
        logits, auxiliary = model(torch.randn(2, 3, side, side))
    assert logits.shape == auxiliary.shape == (2, 10)
    assert auxiliary.isfinite().all()


@pytest.mark.parametrize("channels", [1, 5])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_inception_v3_trains_on_other_channels_in_all_its_parameters(
    channels: int, batch_norm: bool
) -> None:
    model = built("inception_v3", 75, channels, auxiliary=True, batch_norm=batch_norm)
    logits, auxiliary = model(torch.randn(2, channels, 75, 75))
    (logits.sum() + auxiliary.sum()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_without_a_head_or_in_evaluation_inception_v3_returns_logits_alone() -> None:
    x = torch.randn(2, 3, 75, 75)
    for auxiliary, training, count in (
        *((False, False, 1), (False, True, 1)),
        *((True, False, 1), (True, True, 2)),
    ):
        model = built("inception_v3", auxiliary=auxiliary).train(training)
        with torch.no_grad():
            assert len(outputs(model, x)) == count


@pytest.mark.parametrize("name", PAIRS)
def test_without_batch_norm_every_convolution_has_a_bias_instead(name: str) -> None:
    head = {"auxiliary": True}
    with_it, without = (built(name, batch_norm=on, **head).modules() for on in (True, False))
    norms = [m for m in with_it if isinstance(m, nn.BatchNorm2d)]
    convolutions = [m for m in without if isinstance(m, nn.Conv2d)]
    assert len(norms) == len(convolutions) > 50
    assert sorted(n.num_features for n in norms) == sorted(len(c.bias) for c in convolutions)


@pytest.mark.parametrize("name", PAIRS)
def test_batch_norms_start_with_scale_1_and_shift_0(name: str) -> None:
    for module in built(name, auxiliary=True).modules():
        if isinstance(module, nn.BatchNorm2d):
            assert (module.weight == 1).all()
            assert not module.bias.any()


def test_a_network_starts_from_the_same_weights_with_its_auxiliary_head_and_without() -> None:
    with_it, without = (
        built("inception_v3", auxiliary=auxiliary).state_dict() for auxiliary in (True, False)
    )
    assert {name.partition(".")[0] for name in with_it.keys() - without.keys()} == {"auxiliary"}
    assert all(torch.equal(with_it[name], tensor) for name, tensor in without.items())


def test_inception_v3_drops_units_before_its_linear_layer_with_the_trials_generator() -> None:
    model = built("inception_v3", dropout=0.5, auxiliary=True)
    (dropout,) = (module for module in model.modules() if isinstance(module, Dropout))
    assert not any(isinstance(module, nn.Dropout) for module in model.modules())
    seen: list[Tensor] = []
    dropout.register_forward_hook(lambda _, x, y: seen.extend((*x, y)))
    model.linear.register_forward_pre_hook(lambda _, x: seen.extend(x))
    for _ in range(2):
        dropout.generator = torch.Generator().manual_seed(3)
        model(torch.ones(2, 3, 75, 75))
    pooled, dropped, read = seen[:3]
    assert pooled.shape == (2, 2048)
    assert torch.equal(dropped, read)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], 2 * pooled[kept])
    assert ((dropped == 0) & (pooled != 0)).any()
    assert torch.equal(dropped == 0, seen[4] == 0)
