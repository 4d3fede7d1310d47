"""Theorem 1 in floating point: the weights that fit any labels of any sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gensweep.trainables.errors import DataError
from gensweep.trainables.expressivity.distinct import first_of_each
from gensweep.trainables.expressivity.network import Interpolant
from gensweep.trainables.expressivity.system import Vector, condition, solve, thresholds
from gensweep.trainables.seeds import generator

_DRAWS = 5  # of a direction, until no two different inputs share a projection


@dataclass(frozen=True)
class Construction:
    """A network that fits the sample, as far as its precision allows.

    draws:             directions drawn.
    equal_projections: inputs with the same projection as an earlier, different input: no network
                       with this direction can tell them apart. In exact arithmetic there are none,
                       with probability 1.
    smallest_gap:      between different projections, in the units of the inputs; infinite if there
                       is only one projection.
    condition:         of the triangular system, in the 1-norm.
    """

    network: Interpolant
    draws: int
    equal_projections: int
    smallest_gap: float
    condition: float


@torch.no_grad()
def construct(
    inputs: Tensor,
    targets: Tensor,
    *,
    precision: torch.dtype = torch.float64,
    seed: int = 0,
    depth: int = 1,
    knot: float = 0.25,
    name: Callable[[int], str] = str,
) -> Construction:
    """The network with n + d + n · outputs weights from inputs (n, d) to targets (n, outputs).

    Targets (n,) mean one output: 2n + d weights. The direction a is uniform on the sphere, drawn
    from the seed. The system is solved on the host, in O(n) after sorting. Everything is computed
    in the given precision, and the network is on the device of the inputs. A unit that would have
    to separate equal projections has weight 0.

    name: what a row is called in an error.

    Raises DataError where two equal inputs have different targets, or an input is not finite.
    """
    targets = targets[:, None] if targets.dim() == 1 else targets
    if not torch.isfinite(inputs).all():
        row = int((~torch.isfinite(inputs)).any(dim=1).nonzero()[0])
        raise DataError(f"row {name(row)}", "the input is not finite", "finite numbers")
    first = first_of_each(inputs, targets, name).numpy()
    drawn: list[_Draw] = []
    while not drawn or (drawn[-1].equal and len(drawn) < _DRAWS):
        network = Interpolant(
            _direction(inputs.shape[1], seed, len(drawn)).to(inputs.device, precision),
            torch.zeros(len(inputs), dtype=precision, device=inputs.device),
            torch.zeros(targets.shape, dtype=precision, device=inputs.device),
            depth,
        )
        z = network.project(inputs).cpu().numpy()
        drawn.append(_Draw(network, z, int(first.sum()) - len(np.unique(z[first]))))
    best = min(drawn, key=lambda draw: draw.equal)
    network, z = best.network, best.z
    values, places = np.unique(z, return_index=True)
    b = thresholds(values, knot)
    w = solve(values, b, targets.cpu().numpy()[places])
    _set(network, b, w, np.delete(z, places))
    return Construction(
        network,
        len(drawn),
        best.equal,
        float(np.diff(values).min()) if len(values) > 1 else float("inf"),
        condition(values, b),
    )


class _Draw(NamedTuple):
    """A network whose weights are not set, the projections (n,), and the number of inputs that
    share one.
    """

    network: Interpolant
    z: Vector
    equal: int


def _direction(d: int, seed: int, draw: int) -> Tensor:
    """(d,): uniform on the unit sphere."""
    a = generator(seed, "expressivity-direction", draw).standard_normal(d)
    return torch.from_numpy(a / np.linalg.norm(a))


def _set(network: Interpolant, b: Vector, w: Vector, idle: Vector) -> None:
    """Thresholds and weights; one unit per `idle` projection comes last and keeps weight 0."""
    network.b[: len(b)] = torch.from_numpy(b)
    network.b[len(b) :] = torch.from_numpy(idle)
    network.w[: len(w)] = torch.from_numpy(w)
