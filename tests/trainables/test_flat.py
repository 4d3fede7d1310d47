"""Parameters in rows: where each one is, and how one step of SGD changes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from gensweep.trainables.classifier.engines.flat import Layout, copy_all, sgd_
from gensweep.trainables.models import build_model

MODELS: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: build_model("mlp_3x512", (3, 8, 8), 10),
    "inception": lambda: build_model("inception", (3, 8, 8), 10),
    "resnet": lambda: build_model("resnet18", (1, 8, 8), 7),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_views_are_the_parameters_in_their_shapes_side_by_side(
    make: Callable[[], nn.Module],
) -> None:
    model = make()
    layout = Layout(model)
    parameters = dict(model.named_parameters())
    rows = torch.zeros(2, layout.width)
    copy_all({name: view[1] for name, view in layout.views(rows).items()}, parameters)
    for name, view in layout.views(rows).items():
        assert view.shape == (2, *parameters[name].shape)
        assert torch.equal(view[1], parameters[name])
        assert not view[0].any()
    count = sum(p.numel() for p in model.parameters())
    assert rows[1].count_nonzero() == sum(p.count_nonzero() for p in model.parameters())
    assert count <= layout.width < count + 16


def test_filters_are_channels_last() -> None:
    layout = Layout(build_model("alexnet", (3, 28, 28), 10))
    for view in layout.views(torch.zeros(layout.width)).values():
        if view.dim() == 4:
            assert view.is_contiguous(memory_format=torch.channels_last)


def test_the_gradient_of_views_is_one_row() -> None:
    layout = Layout(nn.Linear(3, 2))
    row = torch.randn(layout.width).requires_grad_()
    views = layout.views(row)
    loss = (views["weight"] * 2.0).sum() + (views["bias"] * 5.0).sum()
    (gradient,) = torch.autograd.grad(loss, row)
    assert gradient.tolist() == [2.0] * 6 + [5.0] * 2 + [0.0] * 8


def test_autocast_rounds_what_it_would_round_of_each_parameter() -> None:
    model = build_model("inception", (3, 8, 8), 10)
    layout = Layout(model)
    row = torch.zeros(layout.width)
    parameters = dict(model.named_parameters())
    copy_all(layout.views(row), parameters)
    for name, view in layout.views_for_autocast(row).items():
        is_norm = name.endswith("1.bias")  # the shift of a batch norm; convolutions have none
        assert view.dtype == (torch.float32 if is_norm else torch.bfloat16), name
        assert torch.equal(view, parameters[name].to(view.dtype))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 5e-4])
def test_a_step_is_that_of_pytorch_with_settings_for_each_row(
    momentum: float, weight_decay: float
) -> None:
    rows, momentum_buffers = (
        torch.randn(2, 1000, dtype=torch.float64),
        torch.zeros(2, 1000).double(),
    )
    rates = [0.1, 0.003]
    expected = [row.clone().requires_grad_() for row in rows]
    optimizers = [
        torch.optim.SGD([row], lr, momentum, weight_decay=weight_decay)
        for row, lr in zip(expected, rates, strict=True)
    ]
    settings = [
        torch.tensor(values, dtype=torch.float64).unsqueeze(1)
        for values in (rates, [momentum] * 2, [weight_decay] * 2)
    ]
    for _ in range(4):
        gradients = torch.randn(2, 1000, dtype=torch.float64)
        for row, gradient, optimizer in zip(expected, gradients, optimizers, strict=True):
            row.grad = gradient.clone()
            optimizer.step()
        sgd_(rows, gradients, momentum_buffers, *settings)
    torch.testing.assert_close(rows, torch.stack(expected).detach(), rtol=1e-12, atol=0)
