"""Random convolutional features (Coates & Ng 2012), too many to keep in memory.

Patches of 6x6 pixels are normalized and whitened; the filters are patches themselves, drawn at
random. A filter's response is split into the part above a threshold and the part below its
negative, and both are summed over each quadrant: 8 features per filter. As in KeystoneML's
RandomPatchCifar, by one of the paper's authors and others: threshold 0.25, whitening with 0.1,
quadrants that overlap by a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gensweep.trainables.kernel.trial import PATCH
from gensweep.trainables.seeds import generator

_SAMPLE = 100_000  # patches to fit the whitening to
_THRESHOLD = 0.25
_WHITENING = 0.1  # added to the variances of normalized patches
_VARIANCE = 10.0 / 255**2  # added to the variance of a patch, for pixels / 255
# Responses of a chunk of images before they are summed: fits a CPU's cache, or fills a GPU.
_MAP_BYTES = {"cpu": 16 << 20, "cuda": 512 << 20}


@dataclass(frozen=True)
class Filters:
    """Filters that turn patches (C, 6, 6) of pixels / 255 into responses.

    weights: (F, C, 6, 6), with mean zero each.
    offsets: (F,), the response to the mean patch.
    """

    weights: Tensor
    offsets: Tensor

    def part(self, which: slice) -> Filters:
        return Filters(self.weights[which], self.offsets[which])


def random_filters(images: Tensor, count: int, seed: int) -> Filters:
    """`count` filters from images (N, C, H, W) in [0, 1]: whitened patches of norm one."""
    patches = _patches(images, max(_SAMPLE, count), seed).double()
    patches -= patches.mean(1, keepdim=True)
    patches /= (patches.square().sum(1, keepdim=True) / (patches.shape[1] - 1) + _VARIANCE).sqrt()
    mean = patches.mean(0)
    variances, axes = torch.linalg.eigh(torch.cov(patches.mT, correction=1))
    whitening = axes @ torch.diag((variances.clamp(min=0.0) + _WHITENING).rsqrt()) @ axes.mT
    chosen = (patches[:count] - mean) @ whitening
    chosen = functional.normalize(chosen, dim=1) @ whitening
    offsets = chosen @ mean
    chosen -= chosen.mean(1, keepdim=True)  # patches have mean zero: no effect
    weights = chosen.reshape(count, images.shape[1], PATCH, PATCH)
    return Filters(weights.float().to(images.device), offsets.float().to(images.device))


def _patches(images: Tensor, count: int, seed: int) -> Tensor:
    """`count` patches (count, C * 36) from random places of random images; on the CPU."""
    n, channels, height, width = images.shape
    rng = generator(seed, "kernel-patches")
    which = rng.integers(n, size=count)
    top = rng.integers(height - PATCH + 1, size=count)
    left = rng.integers(width - PATCH + 1, size=count)
    windows = images.cpu().unfold(2, PATCH, 1).unfold(3, PATCH, 1)
    found = windows[torch.from_numpy(which), :, torch.from_numpy(top), torch.from_numpy(left)]
    return found.reshape(count, channels * PATCH**2)


def features(images: Tensor, filters: Filters) -> Tensor:
    """(N, 8 F) in float32 of images (N, C, H, W) in [0, 1]."""
    n, channels, height, width = images.shape
    size = channels * PATCH**2
    places = (height - PATCH + 1) * (width - PATCH + 1)
    count = len(filters.weights)
    found = images.new_empty(n, 8 * count)
    box = images.new_full((1, channels, PATCH, PATCH), 1.0 / size)
    chunk = max(1, _MAP_BYTES[images.device.type] // (4 * places * count))
    for start in range(0, n, chunk):
        part = images[start : start + chunk]
        mean = functional.conv2d(part, box)
        variance = functional.conv2d(part.square(), box) - mean.square()
        scale = (variance.clamp(min=0.0) * (size / (size - 1)) + _VARIANCE).rsqrt()
        response = functional.conv2d(part, filters.weights) * scale
        response -= filters.offsets[:, None, None]
        above = _quadrants((response - _THRESHOLD).relu_())
        below = _quadrants(response.neg_().sub_(_THRESHOLD).relu_())
        found[start : start + chunk] = torch.cat([above, below], dim=1)
    return found


def _quadrants(maps: Tensor) -> Tensor:
    """(N, F, h, w) summed over four quadrants, which share the middle where h is odd: (N, 4 F)."""
    size = [-(-side // 2) for side in maps.shape[2:]]
    step = [max(1, side // 2) for side in maps.shape[2:]]
    return functional.avg_pool2d(maps, size, step, divisor_override=1).flatten(1)


def filter_bytes(count: int, channels: int) -> int:
    """Bytes that drawing the filters takes."""
    return 8 * 3 * max(_SAMPLE, count) * channels * PATCH**2
