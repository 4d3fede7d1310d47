"""Bounds of a network's VC dimension from its size alone.

Bartlett, Harvey, Liaw and Mehrabian (2019): with W parameters in L layers of ReLU units it is
O(W L log W), and there are networks where it is Omega(W L log(W / L)). Their constants are not
stated, so W L log2 W has the order of the bound but is not a bound. For perceptrons, a bound with
constants follows from their proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import e, log2
from typing import NamedTuple

from torch import fx, nn

from gensweep.trainables.models.mlp import MLP


class Layer(NamedTuple):
    """Its parameters, and its units."""

    parameters: int
    units: int


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


class _Tracer(fx.Tracer):
    """Descends into every module that consists of others."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return not any(module.children())


def _weighs(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear | nn.Conv2d)


def depth(model: nn.Module) -> int:
    """L: the linear and convolutional layers on the longest path from input to output."""
    modules = dict(model.named_modules())
    found: dict[fx.Node, int] = {}
    for node in _Tracer().trace(model).nodes:
        own = node.op == "call_module" and _weighs(modules[str(node.target)])
        found[node] = own + max((found[before] for before in node.all_input_nodes), default=0)
    return max(found.values())


def order(weights: int, layers: int) -> float:
    """W L log2 W."""
    return weights * layers * log2(weights)


def layers_of(model: nn.Module) -> list[Layer] | None:
    """A perceptron's layers, input first; None for other networks."""
    if not isinstance(model, MLP):
        return None
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    return [Layer(parameters(module), module.out_features) for module in linear]


def bound(layers: Sequence[Layer]) -> int:
    """An upper bound of the VC dimension of a perceptron with ReLU units and one output.

    On m points the pre-activations of layer i, with k_i units, are m k_i polynomials of degree at
    most i in the W_i parameters of the layers 1, ..., i, wherever the signs of those before do
    not change. They have at most 2 (2 e m k_i i / W_i) ^ W_i patterns of signs (Anthony and
    Bartlett 1999, theorem 8.3), if m k_i >= W_i. The product over the layers bounds the number of
    ways to label m points, and m points that are shattered have 2 ^ m: the bound is the largest m
    with

        m <= sum_i 1 + W_i log2 (2 e m k_i i / W_i)
    """
    below = list(accumulate(layer.parameters for layer in layers))

    def possible(m: int) -> bool:
        ways = (
            1 + upto * log2(2 * e * m * layer.units * i / upto)
            for i, (upto, layer) in enumerate(zip(below, layers, strict=True), start=1)
        )
        return m <= sum(ways)

    low = below[-1]  # the inequality holds here, because 2 e > 2 and W_i <= W
    high = 2 * low
    while possible(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if possible(middle) else (low, middle)
    return low
