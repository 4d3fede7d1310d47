"""Gabor wavelets: how strongly an image oscillates, by place, orientation and frequency.

The paper only says "Gabor wavelets". This bank is a common one: magnitudes of complex responses,
averaged over a grid of cells.
"""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor
from torch.nn import functional

from gensweep.trainables.kernel.cholesky import blocks

WAVELENGTHS = (4.0, 6.0, 9.0)  # pixels
ORIENTATIONS = 8
STRIDE = 4  # pixels from one cell of the grid to the next
_WIDTH = 0.5  # standard deviation of the Gaussian window, in wavelengths
_CHUNK = 256  # images at a time


def bank(wavelength: float) -> Tensor:
    """The wavelets of one wavelength: (2 ORIENTATIONS, 1, s, s), real parts and then imaginary.

    Each has mean zero, so a constant image gives 0, and a window of norm one.
    """
    reach = round(2.5 * _WIDTH * wavelength)
    place = torch.arange(-reach, reach + 1, dtype=torch.float64)
    y, x = torch.meshgrid(place, place, indexing="ij")
    window = torch.exp(-(x**2 + y**2) / (2 * (_WIDTH * wavelength) ** 2))
    angles = torch.arange(ORIENTATIONS, dtype=torch.float64) * pi / ORIENTATIONS
    along = x * angles.cos()[:, None, None] + y * angles.sin()[:, None, None]
    wave = torch.exp(2j * pi * along / wavelength)
    mean = (window * wave).sum((1, 2), keepdim=True) / window.sum()
    wavelets = window * (wave - mean) / window.square().sum().sqrt()
    return torch.cat([wavelets.real, wavelets.imag])[:, None].float()


def responses(images: Tensor) -> Tensor:
    """Features (N, d) of images (N, C, H, W) in [0, 1], each channel separately."""
    height, width = images.shape[2:]
    grid = max(1, height // STRIDE), max(1, width // STRIDE)
    wavelets = [bank(wavelength).to(images.device) for wavelength in WAVELENGTHS]
    parts = []
    for rows in blocks(len(images), _CHUNK):
        chunk = images[rows]
        planes = chunk.reshape(-1, 1, height, width)
        found = []
        for of_one in wavelets:
            real, imaginary = functional.conv2d(planes, of_one, padding="same").chunk(2, dim=1)
            found.append(functional.adaptive_avg_pool2d(torch.hypot(real, imaginary), grid))
        parts.append(torch.cat(found, dim=1).reshape(len(chunk), -1))
    return torch.cat(parts)
