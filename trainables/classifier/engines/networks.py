"""From the parameters in rows to logits: one model, or many of equal shape at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from gensweep.trainables.models.layers import Dropout
from gensweep.trainables.models.mlp import MLP


def solo_logits(model: nn.Module, parameters: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """Logits (N, classes) of images (N, C, H, W)."""
    logits: Tensor = functional_call(model, dict(parameters), (images,))
    return logits


def stacks(model: nn.Module) -> bool:
    """Whether `stacked_logits` supports the model."""
    return isinstance(model, MLP)


def stacked_logits(
    model: nn.Module,
    parameters: Mapping[str, Tensor],
    images: Tensor,
    generators: Sequence[torch.Generator],
) -> Tensor:
    """Logits (L, N, classes) of L perceptrons' images (L, N, C, H, W).

    Every layer is one batched matrix product over parameters (L, ...). Each lane drops units with
    its own generator, as when it trains alone.
    """
    assert isinstance(model, MLP)
    x = images.flatten(2)
    for name, layer in model.layers.named_children():
        if isinstance(layer, nn.Linear):
            weight, bias = (parameters[f"layers.{name}.{part}"] for part in ("weight", "bias"))
            x = torch.baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2))
        elif isinstance(layer, Dropout):
            keep = 1.0 - layer.probability
            mask = torch.empty_like(x)
            for lane, generator in zip(mask, generators, strict=True):
                lane.bernoulli_(keep, generator=generator)
            x = x * mask / keep
        else:
            x = functional.relu(x, inplace=True)
    return x
