"""The linear kernel of random convolutional features, computed a block of filters at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gensweep.trainables.kernel.cholesky import Pause, blocks
from gensweep.trainables.kernel.convolutional import Filters, features

BLOCK_BYTES = 512 << 20  # features of all images for a block of filters


@dataclass(frozen=True)
class RandomFeaturesKernel:
    """K = Φ Φᵀ / (8 F) of F filters, for training and test images (N, C, H, W) in [0, 1]."""

    train: Tensor
    test: Tensor
    filters: Filters
    bandwidth: ClassVar[float] = 0.0

    @property
    def _scale(self) -> float:
        return 1.0 / (8 * len(self.filters.weights))

    def _parts(self) -> Iterator[Filters]:
        """Blocks of filters, sized so that the features of a set of images fit into BLOCK_BYTES."""
        size = max(1, BLOCK_BYTES // (32 * max(len(self.train), len(self.test))))
        for which in blocks(len(self.filters.weights), size):
            yield self.filters.part(which)

    def fill(self, lower: Tensor, pause: Pause) -> None:
        """Write K into the lower triangle of (n, n), in its precision."""
        for rows in blocks(len(lower)):
            lower[rows, : rows.stop] = 0.0
        for part in self._parts():
            phi = self._features(self.train, part, pause).to(lower.dtype)
            for rows in blocks(len(lower)):
                pause()
                into = lower[rows, : rows.stop]
                into.addmm_(phi[rows], phi[: rows.stop].mT, alpha=self._scale)

    def outputs(self, alpha: Tensor, pause: Pause) -> tuple[Tensor, Callable[[], Tensor]]:
        """K α (n, k) in float64, and a function that returns the same for the test set, (m, k).

        Computed as Φ w with w = Φᵀ α (8 F, k), which is small enough to keep.
        """
        found, every = torch.zeros_like(alpha), []
        for part in self._parts():
            phi = self._features(self.train, part, pause)
            weights = alpha.new_zeros(phi.shape[1], alpha.shape[1])
            for rows in blocks(len(phi)):
                weights.addmm_(phi[rows].double().mT, alpha[rows], alpha=self._scale)
            _add(found, phi, weights)
            every.append(weights)
        return found, lambda: self._of_test(every, pause)

    def _of_test(self, every: Sequence[Tensor], pause: Pause) -> Tensor:
        found = every[0].new_zeros(len(self.test), every[0].shape[1])
        for part, weights in zip(self._parts(), every, strict=True):
            _add(found, self._features(self.test, part, pause), weights)
        return found

    def _features(self, images: Tensor, part: Filters, pause: Pause) -> Tensor:
        found = images.new_empty(len(images), 8 * len(part.weights))
        for rows in blocks(len(images)):
            pause()
            found[rows] = features(images[rows], part)
        return found


def _add(found: Tensor, phi: Tensor, weights: Tensor) -> None:
    """found += phi @ weights, in float64 of phi (n, d) in float32."""
    for rows in blocks(len(phi)):
        found[rows] += phi[rows].double() @ weights
