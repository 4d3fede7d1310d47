"""Colour distortion of batches on their device.

Inputs and outputs are float32 (N, 3, H, W) in [0, 255], changed in place; factors are (N, 1, 1, 1).

slim's `distort_color` applies brightness (add), saturation (scale S of HSV, clip it to [0, 1]), hue
(shift H of HSV) and contrast (scale the distance from the channel's mean) in one of four orders,
and clips to [0, 1] at the end. Here the same is done in fewer passes over memory:

- With value V, range C = V - min and hue H, a channel is V - C * (1 - t(H)), where t is a trapezium
  around the channel's own hue. Scaling S to at most 1 makes C min(factor * C, max(V, 0)). Shifting
  H changes neither V nor C. Hence saturation and hue next to each other are one pass.
- Brightness changes neither C, H nor contrast's distance from the mean. It commutes with hue and
  with contrast, but not with saturation.

Values may leave [0, 255] before the end. Where V <= 0, saturation removes all colour, as in
TensorFlow, and hue keeps C, as in TensorFlow since 1.0 (the version of 2016 removed all colour).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensweep.trainables.classifier.streaming.distortion import COLUMNS
from gensweep.trainables.preprocessing import UINT8_MAX

_ORDER = COLUMNS.index("order")
_TINY = 1e-12
_FAR = 1024.0  # more than a value is from 0: within 255 * 1.5 + 2 * 32


def distort(images: Tensor, drawn: NDArray[np.float32]) -> None:
    """Each image by its row of `drawn` (N, COLUMNS)."""
    orders = drawn[:, _ORDER].astype(np.int64)
    for order in np.unique(orders):
        which = np.flatnonzero(orders == order)
        factors = _factors(drawn[which], images.device)
        if len(which) == len(images):
            _IN_ORDER[order](images, *factors)
            continue
        index = torch.from_numpy(which).to(images.device)
        part = images[index]
        _IN_ORDER[order](part, *factors)
        images[index] = part
    images.clamp_(0.0, UINT8_MAX)


def _factors(drawn: NDArray[np.float32], device: torch.device) -> tuple[Tensor, ...]:
    """Brightness, saturation, hue in sixths of a turn, contrast."""
    first = COLUMNS.index("brightness")
    units = np.array([UINT8_MAX, 1.0, 6.0, 1.0], np.float32)
    factors = torch.from_numpy(drawn[:, first : first + 4] * units).to(device)
    return factors.T.reshape(4, -1, 1, 1, 1).unbind(0)


def _first(
    x: Tensor, brightness: Tensor, saturation: Tensor, hue: Tensor, contrast: Tensor
) -> None:
    """Brightness, saturation, hue, contrast."""
    hue_and_saturation(x, hue, saturation, brightness)
    scale_contrast(x, contrast)


def _second(
    x: Tensor, brightness: Tensor, saturation: Tensor, hue: Tensor, contrast: Tensor
) -> None:
    """Saturation, brightness, contrast, hue."""
    scale_saturation(x, saturation)
    scale_contrast(x, contrast, brightness)
    hue_and_saturation(x, hue)


def _third(
    x: Tensor, brightness: Tensor, saturation: Tensor, hue: Tensor, contrast: Tensor
) -> None:
    """Contrast, hue, brightness, saturation."""
    scale_contrast(x, contrast)
    hue_and_saturation(x, hue, saturation, brightness)


def _fourth(
    x: Tensor, brightness: Tensor, saturation: Tensor, hue: Tensor, contrast: Tensor
) -> None:
    """Hue, saturation, contrast, brightness."""
    hue_and_saturation(x, hue, saturation)
    scale_contrast(x, contrast, brightness)


_IN_ORDER: tuple[Callable[..., None], ...] = (_first, _second, _third, _fourth)


def scale_contrast(x: Tensor, factor: Tensor, brightness: Tensor | float = 0.0) -> None:
    """(x - mean) * factor + mean + brightness, with the mean of each channel of each image."""
    shift = channel_mean(x) * (1.0 - factor) + brightness
    x.mul_(factor).add_(shift)


def channel_mean(x: Tensor) -> Tensor:
    """The mean of each channel (N, 3, 1, 1), whose bits do not depend on the batch.

    A GPU adds in an order that varies with shape and memory address. Far from 0, float32 values
    are multiples of 1/8192, and float64 adds those without rounding, in any order. Elsewhere images
    come one by one, and the order is always the same.
    """
    if not x.is_cuda:
        return x.mean((2, 3), keepdim=True)
    return exact_mean(x)


def exact_mean(x: Tensor) -> Tensor:
    pixels = x.shape[2] * x.shape[3]
    total = (x + _FAR).flatten(2).sum(2, dtype=torch.float64)
    return (total / pixels - _FAR).float()[:, :, None, None]


def scale_saturation(x: Tensor, factor: Tensor) -> None:
    value, least = _extremes(x)
    chroma = value - least
    scale = torch.minimum(chroma * factor, value.clamp_min(0.0)).div_(chroma.clamp_min_(_TINY))
    torch.addcmul(value, x.sub_(value), scale, out=x)


def hue_and_saturation(
    x: Tensor, hue: Tensor, factor: Tensor | None = None, brightness: Tensor | None = None
) -> None:
    """Add brightness, shift hue by sixths of a turn in [-3, 3], scale saturation by the factor."""
    value, least = _extremes(x)
    red, green, blue = _channels(x)
    chroma = value - least
    # |H| is 1 + (green + blue - red - min) / C sixths of a turn from red, towards green if there is
    # more of it than of blue, else towards blue: no case distinctions, which are slow.
    turned = (green + blue).sub_(red).sub_(least).div_(chroma.clamp_min(_TINY)).add_(1.0)
    turned.copysign_(green - blue).add_(hue)
    if brightness is not None:
        value.add_(brightness)
    if factor is not None:
        chroma = torch.minimum(chroma.mul_(factor), value.clamp_min(0.0))
    own = torch.tensor([0.0, 2.0, -2.0], device=x.device)[:, None, None]
    # 1 + t(H), with distances from the channel's own hue taken round the circle
    torch.sub(turned, own, out=x).abs_().sub_(3.0).abs_().clamp_(1.0, 2.0)
    torch.addcmul(value.sub_(chroma, alpha=2.0), chroma, x, out=x)


def _extremes(x: Tensor) -> tuple[Tensor, Tensor]:
    """The largest and the smallest channel of each pixel, (N, 1, H, W)."""
    red, green, blue = _channels(x)
    return (
        torch.maximum(red, green).maximum(blue),
        torch.minimum(red, green).minimum(blue),
    )


def _channels(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return x[:, 0:1], x[:, 1:2], x[:, 2:3]
