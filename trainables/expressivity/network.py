"""The network of theorem 1, and of its corollary for depth k."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor, nn

# Examples and units whose activations are in memory at once. On a CPU a tile fits a core's cache,
# and the C library reuses its memory; on an accelerator a tile is large enough to keep it busy.
_TILES = {"cpu": (64, 512), "cuda": (4096, 4096)}


class Interpolant(nn.Module):
    """c(x) = sum over j of w_j max(<a, x> - b_j, 0), with outputs w_j of one or more numbers.

    depth 1: one hidden layer of n ReLU units, all with the direction a.
    depth k: the units are split over k layers, in order. Values that later layers need (the
             projection <a, x> and each output's partial sum) pass through earlier layers in ReLU
             units of their own, a number v as max(v, 0) and max(-v, 0). So c stays the same
             function, a layer has ceil(n / k) + 2 + 2 · outputs units, and only a, b and w are
             free: the connections that pass values through are 1 and -1.

    The forward pass works in tiles, so no n x n matrix is ever in memory.
    """

    def __init__(self, a: Tensor, b: Tensor, w: Tensor, depth: int = 1) -> None:
        """a: (d,); b: (n,); w: (n, outputs). Parameters of their precision, on their device."""
        super().__init__()
        self.a, self.b, self.w = nn.Parameter(a), nn.Parameter(b), nn.Parameter(w)
        self.depth = depth

    @property
    def width(self) -> int:
        """Units of the widest hidden layer."""
        units, outputs = self.w.shape
        return units if self.depth == 1 else ceil(units / self.depth) + 2 + 2 * outputs

    @property
    def rows(self) -> int:
        """The number of examples in a tile of the forward pass."""
        return _TILES.get(self.a.device.type, _TILES["cpu"])[0]

    def project(self, x: Tensor) -> Tensor:
        """(N,): <a, x> of x (N, d), rounded exactly as the forward pass rounds it."""
        return torch.cat([self._project(part) for part in torch.split(x, self.rows)])

    def forward(self, x: Tensor) -> Tensor:
        """(N, outputs) of x (N, d), of any floating precision and on the network's device."""
        return torch.cat([self._outputs(self._project(part)) for part in torch.split(x, self.rows)])

    def _project(self, part: Tensor) -> Tensor:
        return part.to(self.a.dtype) @ self.a

    def _outputs(self, z: Tensor) -> Tensor:
        """(N, outputs) from the projections z (N,) of one tile's examples."""
        parts = self.b.tensor_split(self.depth), self.w.tensor_split(self.depth)
        layers = zip(*parts, strict=True)
        total = self._units(z, *next(layers))
        up, down = z.relu(), (-z).relu()
        for b, w in layers:
            total = total.relu() - (-total).relu() + self._units(up - down, b, w)
            up, down = up.relu(), down.relu()
        return total

    def _units(self, z: Tensor, b: Tensor, w: Tensor) -> Tensor:
        """The contribution of a layer's units to the outputs."""
        most = _TILES.get(z.device.type, _TILES["cpu"])[1]
        tiles = zip(torch.split(b, most), torch.split(w, most), strict=True)
        return torch.stack([(z[:, None] - b_j).relu_() @ w_j for b_j, w_j in tiles]).sum(dim=0)
