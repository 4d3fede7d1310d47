"""The paper's small Inception."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from gensweep.trainables.models import Shape
from gensweep.trainables.models.layers import Dropout, Linear, conv_unit, max_pool_half


class InceptionModule(nn.Module):
    """Channels of a 1x1 and of a 3x3 convolution, side by side."""

    def __init__(self, inputs: int, ones: int, threes: int, *, batch_norm: bool) -> None:
        super().__init__()
        self.ones = conv_unit(inputs, ones, 1, batch_norm=batch_norm)
        self.threes = conv_unit(inputs, threes, 3, batch_norm=batch_norm)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.ones(x), self.threes(x)], dim=1)


class DownsampleModule(nn.Module):
    """Channels of a 3x3 convolution with stride 2, and those of the input, max-pooled."""

    def __init__(self, inputs: int, outputs: int, *, batch_norm: bool) -> None:
        super().__init__()
        self.conv = conv_unit(inputs, outputs, 3, stride=2, batch_norm=batch_norm)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.conv(x), max_pool_half(x)], dim=1)


class Inception(nn.Module):
    """Small Inception (paper, appendix A and figure 3): every convolution is followed by batch
    norm and ReLU. 1,649,402 parameters on three input channels and ten classes, with batch
    norm and without. The mean pooling covers whatever is left of the image (7x7 of 28x28).
    """

    def __init__(
        self, shape: Shape, classes: int, *, batch_norm: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        module = partial(InceptionModule, batch_norm=batch_norm)
        down = partial(DownsampleModule, batch_norm=batch_norm)
        self.features = nn.Sequential(
            conv_unit(shape[0], 96, 3, batch_norm=batch_norm),
            module(96, 32, 32),
            module(64, 32, 48),
            down(80, 80),
            module(160, 112, 48),
            module(160, 96, 64),
            module(160, 80, 80),
            module(160, 48, 96),
            down(144, 96),
            module(240, 176, 160),
            module(336, 176, 160),
        )
        self.dropout = Dropout(dropout)
        self.linear = Linear(336, classes)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.features(x).mean(dim=(2, 3))
        logits: Tensor = self.linear(self.dropout(pooled))
        return logits
