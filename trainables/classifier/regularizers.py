"""Data augmentation, batched on the device. (Weight decay is the optimizer's, dropout the model's.)

Every function takes float or uint8 images (N, C, H, W) and a generator on their device, and draws
separately for each image.
"""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor
from torch.nn import functional

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.preprocessing import center_crop, to_unit_range


def random_crop(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """A (side, side) window at a uniform position, without padding."""
    n, _, height, width = images.shape
    device = images.device
    top = torch.randint(height - side + 1, (n, 1, 1), generator=generator, device=device)
    left = torch.randint(width - side + 1, (n, 1, 1), generator=generator, device=device)
    offsets = torch.arange(side, device=device)
    rows = top + offsets[None, :, None]
    columns = left + offsets[None, None, :]
    picked = images.permute(0, 2, 3, 1)[
        torch.arange(n, device=device)[:, None, None], rows, columns
    ]
    return picked.permute(0, 3, 1, 2)


def random_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror left and right with probability 1/2."""
    flipped = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(flipped[:, None, None, None], images.flip(3), images)


def random_rotation(images: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """Rotate float images about their centre by a uniform angle in ±degrees; black outside."""
    n = len(images)
    turn = torch.rand(n, generator=generator, device=images.device) * 2.0 - 1.0
    angle = turn * (degrees * pi / 180.0)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    affine = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(n, 2, 3)
    grid = functional.affine_grid(affine, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", align_corners=False)


def augments(trial: ClassifierTrial) -> bool:
    """Whether the trial's training images differ from step to step."""
    return trial.crop or trial.flip or trial.color or trial.rotation > 0.0


def augment(images: Tensor, trial: ClassifierTrial, generator: torch.Generator) -> Tensor:
    """A training batch as the network sees it, before whitening: crop, flip, rotation.

    Returns float images (N, C, view, view) in the unit range.
    """
    side = trial.input_size
    images = random_crop(images, side, generator) if trial.crop else center_crop(images, side)
    images = to_unit_range(images)
    if trial.flip:
        images = random_flip(images, generator)
    if trial.rotation:
        images = random_rotation(images, trial.rotation, generator)
    return images
