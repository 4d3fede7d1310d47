"""JPEGs as large and as hard to decode as photographs: `made`, or those of a folder."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT, QUALITY = 500, 375, 90
SIZE = 110_000  # bytes, the mean of ImageNet's training images


@dataclass(frozen=True)
class Repeated:
    """A split of so many images that are a few files again and again."""

    files: tuple[bytes, ...]
    count: int

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> bytes:
        return self.files[index % len(self.files)]


def photos(folder: Path | None, count: int = 8) -> tuple[bytes, ...]:
    if folder is None:
        return tuple(made(seed) for seed in range(count))
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    return tuple(path.read_bytes() for path in found)


@lru_cache
def made(seed: int) -> bytes:
    """Smooth noise of every scale, and as much fine texture as gives the file its size."""
    random = np.random.default_rng(seed)
    smooth = sum(_noise(random, cells) * (8 / cells) ** 0.7 for cells in (4, 8, 16, 32, 64, 128))
    grain = random.normal(size=(HEIGHT, WIDTH, 1)) + 0.3 * random.normal(size=(HEIGHT, WIDTH, 3))
    low, high = 0.0, 60.0
    for _ in range(8):
        strength = (low + high) / 2
        file = _jpeg(128 + 0.5 * smooth + strength * grain)
        low, high = (strength, high) if len(file) < SIZE else (low, strength)
    return file


def _noise(random: np.random.Generator, cells: int) -> np.ndarray:
    coarse = random.integers(0, 256, (3 * cells // 4, cells, 3), dtype=np.uint8)
    fine = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    return np.asarray(fine).astype(float) - 128


def _jpeg(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
