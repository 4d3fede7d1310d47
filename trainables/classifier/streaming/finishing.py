"""From resized images to network inputs, for whole batches on their device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gensweep.trainables.classifier.streaming import colors
from gensweep.trainables.classifier.streaming.distortion import COLUMNS, Distortion
from gensweep.trainables.preprocessing import UINT8_MAX

_BLACK = torch.tensor(-1.0)
# The float32 below 2 / 255: with the nearest, which is above it, white would be 1.0000001.
_LEVEL = float(np.nextafter(np.float32(2.0 / UINT8_MAX), np.float32(0.0)))


def layout(distortion: Distortion | None) -> torch.memory_format:
    """How inputs lie in memory: channels last, as decoded, unless a distortion needs planes."""
    planes = distortion is not None and (distortion.color or distortion.rotation)
    return torch.contiguous_format if planes else torch.channels_last


def finish(
    images: Tensor, drawn: NDArray[np.float32], distortion: Distortion | None, out: Tensor
) -> None:
    """Mirror, distort colours, rotate, and scale to [-1, 1].

    images: uint8 (N, 3, side, side). drawn: (N, COLUMNS). out: float32 of images' shape. Images may
    change.
    """
    if distortion and distortion.flip:
        images = mirror(images, drawn)
    values = out.copy_(images)
    if distortion and distortion.color:
        colors.distort(values, drawn)
    if distortion and distortion.rotation:
        values = rotate(values, drawn)
    torch.add(_BLACK, values, alpha=_LEVEL, out=out)


def mirror(images: Tensor, drawn: NDArray[np.float32]) -> Tensor:
    which = np.flatnonzero(drawn[:, COLUMNS.index("mirrored")])
    if len(which) == len(images):
        return images.flip(3)
    if len(which):
        index = torch.from_numpy(which).to(images.device)
        images[index] = images[index].flip(3)
    return images


def rotate(values: Tensor, drawn: NDArray[np.float32]) -> Tensor:
    """About the centre, bilinear, black outside; as `regularizers.random_rotation`."""
    device, side = values.device, values.shape[3]
    first = COLUMNS.index("cos")
    cos, sin = torch.from_numpy(drawn[:, first : first + 2].copy()).to(device).T[:, :, None, None]
    middle = (torch.arange(side, device=device) * 2.0 + 1.0) / side - 1.0
    across, down = middle[None, None, :], middle[None, :, None]
    # Not `affine_grid`: the bits of its matrix product may depend on the batch.
    grid = torch.stack([cos * across - sin * down, sin * across + cos * down], dim=3)
    return functional.grid_sample(values, grid, mode="bilinear", align_corners=False)
