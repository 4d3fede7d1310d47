"""Batch normalization over a batch that several processes hold together."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gensweep.trainables.ranks import Ranks


class _Sum(torch.autograd.Function):
    """The sum over the ranks, of values and, on the way back, of gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ranks: Ranks) -> Tensor:
        ctx.ranks = ranks
        return ranks.sum(x.clone())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.ranks.sum(gradients[0].clone()), None


def normalized(x: Tensor, norm: nn.BatchNorm2d, ranks: Ranks) -> Tensor:
    """What the batch norm makes, in training mode, of this rank's inputs (N, C, H, W).

    Moments are float32, those of all ranks' inputs; N may be 0 on some of them. PyTorch's own
    synchronized batch norm needs a GPU.
    """
    values, over = x.float(), (0, 2, 3)
    examples = torch.tensor([float(x.numel() // x.shape[1])], device=x.device)
    count = ranks.sum(examples)
    mean = _sum(values.sum(over), ranks) / count
    centred = values - mean[None, :, None, None]
    variance = _sum(centred.square().sum(over), ranks) / count
    with torch.no_grad():
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert norm.num_batches_tracked is not None
        norm.num_batches_tracked += 1
        momentum = norm.momentum or 0.0
        norm.running_mean.lerp_(mean, momentum)
        norm.running_var.lerp_(variance * (count / (count - 1.0)), momentum)
    scale = norm.weight * (variance + norm.eps).rsqrt()
    scaled = centred * scale[None, :, None, None] + norm.bias[None, :, None, None]
    return scaled.to(x.dtype)


def _sum(x: Tensor, ranks: Ranks) -> Tensor:
    total: Tensor = _Sum.apply(x, ranks)
    return total
