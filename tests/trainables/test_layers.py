"""Layers of our own against those of PyTorch that they stand in for, gradients included."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gensweep.trainables.models.layers import Linear, LocalResponseNorm


def with_gradients(layer: Callable[[Tensor], Tensor], *leaves: Tensor) -> list[Tensor]:
    """What the layer makes of the first leaf, and the gradients of all of them."""
    made = layer(leaves[0])
    weights = torch.linspace(-1.0, 1.0, made.numel(), dtype=made.dtype).view_as(made)
    return [made, *torch.autograd.grad((made * weights).sum(), leaves)]


@pytest.mark.parametrize(("examples", "inputs", "outputs"), [(128, 300, 64), (1, 5, 3), (7, 1, 1)])
@pytest.mark.parametrize("onednn", [True, False])
def test_a_linear_layer_is_a_product_in_double_precision_but_for_rounding(
    examples: int, inputs: int, outputs: int, onednn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not onednn:
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    layer = Linear(inputs, outputs)
    x = torch.randn(examples, inputs).requires_grad_()
    exact = nn.Linear(inputs, outputs).double()
    exact.load_state_dict(layer.state_dict())
    found = with_gradients(layer, x, layer.weight, layer.bias)
    y = x.detach().double().requires_grad_()
    expected = with_gradients(exact, y, exact.weight, exact.bias)
    for one, other in zip(found, expected, strict=True):
        assert (one.double() - other).norm() <= 1e-5 * other.norm() + 1e-6


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_linear_layer_of_other_numbers_is_that_of_pytorch(dtype: torch.dtype) -> None:
    layer = Linear(20, 10).to(dtype)
    x = torch.randn(4, 20, dtype=dtype)
    assert torch.equal(layer(x), torch.nn.functional.linear(x, layer.weight, layer.bias))


def test_a_linear_layer_under_autocast_computes_in_bf16() -> None:
    layer = Linear(20, 10)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.randn(4, 20)).dtype == torch.bfloat16


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("channels", [64, 5])
def test_local_response_normalization_is_that_of_pytorch(
    channels: int, layout: torch.memory_format
) -> None:
    ours = LocalResponseNorm(channels, size=9, alpha=0.5, k=2.0).double()
    pytorchs = nn.LocalResponseNorm(9, alpha=0.5, beta=0.75, k=2.0)
    x = torch.randn(3, channels, 6, 5, dtype=torch.float64).to(memory_format=layout)
    x.mul_(4.0).requires_grad_()
    found, expected = with_gradients(ours, x), with_gradients(pytorchs, x)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert found[0].is_contiguous(memory_format=layout)


def test_the_band_of_a_normalization_is_no_part_of_a_models_state() -> None:
    assert not LocalResponseNorm(8, size=3, alpha=1.0, k=1.0).state_dict()
