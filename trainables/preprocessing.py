"""What happens to an image before a network sees it (paper, appendix A)."""

from __future__ import annotations

from math import prod, sqrt

from torch import Tensor

UINT8_MAX = 255.0


def center_crop(images: Tensor, side: int) -> Tensor:
    """The central (N, C, side, side) of images (N, C, H, W); a view of the same memory."""
    top = (images.shape[2] - side) // 2
    left = (images.shape[3] - side) // 2
    return images[:, :, top : top + side, left : left + side]


def to_unit_range(images: Tensor) -> Tensor:
    """Float32 in units of a pixel's full range: uint8 is divided by 255, floats stay."""
    return images if images.is_floating_point() else images.float().div_(UINT8_MAX)


def whiten(images: Tensor) -> Tensor:
    """TensorFlow's `per_image_whitening` of float images (N, C, H, W) in the unit range.

    Per image: subtract the mean over all pixels and channels, divide by
    max(standard deviation, 1 / sqrt(number of values)).
    """
    values = prod(images.shape[1:])
    flat = images.reshape(len(images), values)
    centred = flat - flat.mean(dim=1, keepdim=True)
    std = centred.square().mean(dim=1, keepdim=True).sqrt()
    return (centred / std.clamp_min(1.0 / sqrt(values))).view(images.shape)
