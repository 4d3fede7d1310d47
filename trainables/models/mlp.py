"""Multilayer perceptrons: flattened pixels, ReLU hidden layers, a linear read-out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from torch import Tensor, nn

from gensweep.trainables.models import Shape
from gensweep.trainables.models.layers import Dropout, Linear


class MLP(nn.Module):
    """Paper, appendix A: 1x512 and 3x512 hidden units on 28x28 crops (2352 inputs)."""

    def __init__(
        self, shape: Shape, classes: int, *, hidden: Sequence[int], dropout: float = 0.0
    ) -> None:
        super().__init__()
        widths = [prod(shape), *hidden]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [Linear(inputs, outputs), nn.ReLU(inplace=True)]
            layers += [Dropout(dropout)] if dropout else []
        self.layers = nn.Sequential(*layers, Linear(widths[-1], classes))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x.flatten(1))
        return logits
