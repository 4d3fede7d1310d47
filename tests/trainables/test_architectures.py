from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gensweep.trainables.models import build_model
from gensweep.trainables.models.alexnet import AlexNet
from gensweep.trainables.models.inception import DownsampleModule, Inception, InceptionModule
from gensweep.trainables.models.layers import (
    LocalResponseNorm,
    ShiftBatchNorm2d,
    initialize,
    max_pool_half,
)
from gensweep.trainables.models.mlp import MLP

CIFAR = (3, 28, 28)


def shapes(model: nn.Module, kinds: type[nn.Module] | tuple[type[nn.Module], ...]) -> list[tuple]:
    """Output shapes (C, H, W) of the modules of these kinds, in the order they run."""
    found: list[tuple] = []
    for module in model.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _m, _x, y: found.append(tuple(y.shape[1:])))
    model.eval()(torch.zeros(1, *CIFAR))
    return found


def inception_parameters(channels: int, classes: int) -> int:
    """Counted from the paper's table: a weight per connection and a shift per channel."""
    total, inputs = 0, channels

    def conv(outputs: int, kernel: int) -> int:
        return inputs * outputs * kernel**2 + outputs

    total, inputs = conv(96, 3), 96
    for ones, threes in (
        *((32, 32), (32, 48), (0, 80)),
        *((112, 48), (96, 64), (80, 80), (48, 96), (0, 96)),
        *((176, 160), (176, 160)),
    ):
        total += (conv(ones, 1) if ones else 0) + conv(threes, 3)
        inputs = threes + (ones or inputs)
    return total + inputs * classes + classes


@pytest.mark.parametrize(("channels", "classes"), [(3, 10), (1, 7)])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_inceptions_parameters_add_up(channels: int, classes: int, batch_norm: bool) -> None:
    model = Inception((channels, 28, 28), classes, batch_norm=batch_norm)
    found = sum(parameter.numel() for parameter in model.parameters())
    assert found == inception_parameters(channels, classes)


def test_inception_halves_the_image_twice_and_pools_7x7() -> None:
    model = Inception(CIFAR, 10)
    assert shapes(model, (InceptionModule, DownsampleModule)) == [
        *[(64, 28, 28), (80, 28, 28), (160, 14, 14)],
        *[(160, 14, 14), (160, 14, 14), (160, 14, 14), (144, 14, 14)],
        *[(240, 7, 7), (336, 7, 7), (336, 7, 7)],
    ]


def test_an_inception_module_is_its_1x1_channels_then_its_3x3_channels() -> None:
    module, x = InceptionModule(5, 2, 3, batch_norm=False), torch.randn(2, 5, 6, 6)
    ones, threes = (m for m in module.modules() if isinstance(m, nn.Conv2d))
    narrow = functional.conv2d(x, ones.weight, ones.bias).clamp_min(0)
    wide = functional.conv2d(x, threes.weight, threes.bias, padding=1).clamp_min(0)
    torch.testing.assert_close(module(x), torch.cat([narrow, wide], dim=1))
    assert (ones.kernel_size, threes.kernel_size) == ((1, 1), (3, 3))


def test_a_downsample_module_is_its_channels_then_those_of_its_input_max_pooled() -> None:
    module, x = DownsampleModule(5, 3, batch_norm=False), torch.randn(2, 5, 6, 6)
    conv = next(m for m in module.modules() if isinstance(m, nn.Conv2d))
    convolved = functional.conv2d(x, conv.weight, conv.bias, stride=2, padding=1).clamp_min(0)
    torch.testing.assert_close(module(x), torch.cat([convolved, max_pool_half(x)], dim=1))


def test_every_convolution_of_inception_is_followed_by_batch_norm_and_relu() -> None:
    units = [m for m in Inception(CIFAR, 10).modules() if isinstance(m, nn.Sequential)]
    kinds = [[type(part) for part in unit] for unit in units if isinstance(unit[0], nn.Conv2d)]
    convolutions = [m for m in Inception(CIFAR, 10).modules() if isinstance(m, nn.Conv2d)]
    assert kinds == [[nn.Conv2d, ShiftBatchNorm2d, nn.ReLU]] * len(convolutions)
    assert len(convolutions) == 1 + 8 * 2 + 2


def test_inceptions_batch_norm_has_a_shift_and_no_scale() -> None:
    norm = ShiftBatchNorm2d(5)
    assert [name for name, _ in norm.named_parameters()] == ["bias"]
    assert set(norm.state_dict()) == {
        *("bias", "running_mean", "running_var", "num_batches_tracked")
    }


def test_shift_batch_norm_normalizes_each_channel_and_shifts_it() -> None:
    norm, x = ShiftBatchNorm2d(3), torch.randn(20, 3, 4, 4) * 7 + 2
    with torch.no_grad():
        norm.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), correction=0, keepdim=True)
    expected = (x - mean) / (variance + 1e-5).sqrt() + norm.bias.view(1, 3, 1, 1)
    torch.testing.assert_close(norm(x), expected)
    running = 0.9 * 1.0 + 0.1 * x.var((0, 2, 3))
    torch.testing.assert_close(norm.running_var, running)


def test_alexnet_goes_from_28_to_14_to_7() -> None:
    model = AlexNet(CIFAR, 10)
    assert shapes(model, (nn.Conv2d, LocalResponseNorm)) == [
        *[(64, 28, 28), (64, 14, 14), (64, 14, 14), (64, 7, 7)]
    ]
    widths = [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, nn.Linear)]
    assert widths == [(3136, 384), (384, 192), (192, 10)]


def test_alexnets_normalization_is_tensorflows() -> None:
    normalize, x = AlexNet(CIFAR, 10).normalize, torch.rand(2, 64, 3, 3) * 50
    values, expected = x.double().numpy(), np.empty((2, 64, 3, 3))
    for channel in range(64):
        near = values[:, max(channel - 4, 0) : channel + 5]
        expected[:, channel] = values[:, channel] / (1 + 0.001 / 9 * (near**2).sum(1)) ** 0.75
    np.testing.assert_allclose(normalize(x), expected, rtol=1e-4)


@pytest.mark.parametrize("side", [7, 8, 14, 28])
def test_pooling_takes_the_maximum_of_3x3_at_every_other_pixel(side: int) -> None:
    x = torch.randn(1, 1, side, side)
    found = max_pool_half(x)
    assert found.shape[-1] == -(-side // 2)
    for i in range(found.shape[-1]):
        for j in range(found.shape[-1]):
            rows, columns = slice(max(2 * i - 1, 0), 2 * i + 2), slice(max(2 * j - 1, 0), 2 * j + 2)
            assert found[0, 0, i, j] == x[0, 0, rows, columns].max()


@pytest.mark.parametrize(("name", "hidden"), [("mlp_1x512", [512]), ("mlp_3x512", [512] * 3)])
def test_mlps_are_linear_layers_with_relus_between(name: str, hidden: list[int]) -> None:
    model = build_model(name, CIFAR, 10)
    assert isinstance(model, MLP)
    initialize(model, torch.Generator().manual_seed(0))
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    assert [layer.out_features for layer in layers] == [*hidden, 10]
    assert layers[0].in_features == 2352
    x = torch.randn(4, *CIFAR)
    by_hand: Tensor = x.reshape(4, -1)
    for i, layer in enumerate(layers):
        by_hand = by_hand @ layer.weight.T + layer.bias
        by_hand = by_hand.clamp_min(0) if i < len(layers) - 1 else by_hand
    torch.testing.assert_close(model(x), by_hand)
