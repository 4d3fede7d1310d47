"""Inception V3, for the 299x299 pixels of ImageNet."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from gensweep.trainables.models import Shape
from gensweep.trainables.models.layers import BatchNorm2d, Dropout

_EPSILON = 0.001  # of the batch norms
_POOLED = 5  # the side of what the auxiliary head's first convolution sees


class Conv(NamedTuple):
    """A convolution by its output channels, its kernel's height and width, and its stride.

    padded: whether the image keeps its size, at stride 1.
    """

    outputs: int
    height: int
    width: int
    stride: int = 1
    padded: bool = True


Chain = Callable[..., nn.Sequential]


class InceptionV3(nn.Module):
    """Inception V3 (Szegedy et al. 2016) with the sizes that torchvision gives it: 23,834,568
    parameters on three input channels and a thousand classes, 27,161,264 with its auxiliary head.

    Images of 299x299 pixels become maps of 35x35, 17x17 and 8x8; the smallest possible ones have
    75x75. With `auxiliary`, a second classifier reads the maps of 17x17: in training mode the
    model returns (logits, auxiliary logits), and in evaluation mode the logits alone.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        batch_norm: bool = True,
        dropout: float = 0.0,
        auxiliary: bool = False,
    ) -> None:
        super().__init__()

        def chain(inputs: int, *convs: Conv) -> nn.Sequential:
            """Convolutions one after the other, each with batch norm (or a bias) and ReLU."""
            units = []
            for conv in convs:
                units.append(_unit(inputs, conv, batch_norm))
                inputs = conv.outputs
            return nn.Sequential(*units)

        self.early = nn.Sequential(
            chain(
                shape[0],
                Conv(32, 3, 3, stride=2, padded=False),
                Conv(32, 3, 3, padded=False),
                Conv(64, 3, 3),
            ),
            nn.MaxPool2d(3, stride=2),
            chain(64, Conv(80, 1, 1), Conv(192, 3, 3, padded=False)),
            nn.MaxPool2d(3, stride=2),
            _at_35(chain, 192, 32),
            _at_35(chain, 256, 64),
            _at_35(chain, 288, 64),
            _to_17(chain, 288),
            *(_at_17(chain, narrow) for narrow in (128, 160, 160, 192)),
        )
        self.late = nn.Sequential(_to_8(chain), _at_8(chain, 1280), _at_8(chain, 2048))
        self.dropout = Dropout(dropout)
        self.linear = nn.Linear(2048, classes)
        # Behind all others, so that these start from the same weights with it and without.
        self.auxiliary = Auxiliary(chain, classes) if auxiliary else None

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        x = self.early(x)
        logits: Tensor = self.linear(self.dropout(self.late(x).mean(dim=(2, 3))))
        if self.auxiliary is None or not self.training:
            return logits
        return logits, self.auxiliary(x)


class Auxiliary(nn.Module):
    """A classifier of maps (N, 768, 17, 17), or of others that it pools to the same 5x5."""

    def __init__(self, chain: Chain, classes: int) -> None:
        super().__init__()
        self.convs = chain(768, Conv(128, 1, 1), Conv(768, _POOLED, _POOLED, padded=False))
        self.linear = nn.Linear(768, classes)

    def forward(self, x: Tensor) -> Tensor:
        if min(x.shape[2:]) < 17:
            x = functional.adaptive_avg_pool2d(x, _POOLED)
        else:
            x = functional.avg_pool2d(x, 5, stride=3)
        logits: Tensor = self.linear(self.convs(x).mean(dim=(2, 3)))
        return logits


class Branches(nn.Module):
    """The channels of all branches, which see the same input."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def _unit(inputs: int, conv: Conv, batch_norm: bool) -> nn.Sequential:
    outputs, height, width, stride, padded = conv
    padding = (height // 2, width // 2) if padded else (0, 0)
    bias = not batch_norm
    layer = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=bias)
    norm = [BatchNorm2d(outputs, eps=_EPSILON)] if batch_norm else []
    return nn.Sequential(layer, *norm, nn.ReLU(inplace=True))


def _pooled(chain: Chain, inputs: int, outputs: int) -> nn.Sequential:
    """A mean of 3x3 pixels, in which those beyond the border count as 0, and a 1x1 convolution."""
    return nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), chain(inputs, Conv(outputs, 1, 1)))


def _at_35(chain: Chain, inputs: int, pooled: int) -> Branches:
    return Branches(
        chain(inputs, Conv(64, 1, 1)),
        chain(inputs, Conv(48, 1, 1), Conv(64, 5, 5)),
        chain(inputs, Conv(64, 1, 1), Conv(96, 3, 3), Conv(96, 3, 3)),
        _pooled(chain, inputs, pooled),
    )


def _to_17(chain: Chain, inputs: int) -> Branches:
    return Branches(
        chain(inputs, Conv(384, 3, 3, stride=2, padded=False)),
        chain(
            inputs,
            Conv(64, 1, 1),
            Conv(96, 3, 3),
            Conv(96, 3, 3, stride=2, padded=False),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def _at_17(chain: Chain, narrow: int) -> Branches:
    """Convolutions of 7x7 pixels, each taken apart into a row and a column."""
    row, column = Conv(narrow, 1, 7), Conv(narrow, 7, 1)
    return Branches(
        chain(768, Conv(192, 1, 1)),
        chain(768, Conv(narrow, 1, 1), row, Conv(192, 7, 1)),
        chain(768, Conv(narrow, 1, 1), column, row, column, Conv(192, 1, 7)),
        _pooled(chain, 768, 192),
    )


def _to_8(chain: Chain) -> Branches:
    return Branches(
        chain(768, Conv(192, 1, 1), Conv(320, 3, 3, stride=2, padded=False)),
        chain(
            768,
            Conv(192, 1, 1),
            Conv(192, 1, 7),
            Conv(192, 7, 1),
            Conv(192, 3, 3, stride=2, padded=False),
        ),
        nn.MaxPool2d(3, stride=2),
    )


def _at_8(chain: Chain, inputs: int) -> Branches:
    """Convolutions of 3x3 pixels whose row and column stand side by side."""

    def spread() -> Branches:
        return Branches(chain(384, Conv(384, 1, 3)), chain(384, Conv(384, 3, 1)))

    return Branches(
        chain(inputs, Conv(320, 1, 1)),
        nn.Sequential(chain(inputs, Conv(384, 1, 1)), spread()),
        nn.Sequential(chain(inputs, Conv(448, 1, 1), Conv(384, 3, 3)), spread()),
        _pooled(chain, inputs, 192),
    )
