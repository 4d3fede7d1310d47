"""Class prototypes with noise: small, learnable, generated, for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.seeds import generator

CLASSES = 10
TRAIN, TEST = 512, 128
SHAPE = (12, 12, 3)


def load(data_dir: Path) -> Dataset:
    """640 colour images of 12x12 pixels, the same on every machine."""
    rng = generator(0, "synthetic")
    prototypes = rng.random((CLASSES, *SHAPE))
    labels = rng.integers(CLASSES, size=TRAIN + TEST)
    pixels = 0.6 * prototypes[labels] + 0.4 * rng.random((len(labels), *SHAPE))
    images = np.round(255.0 * pixels).astype(np.uint8)
    return Dataset(
        "synthetic", CLASSES, images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:]
    )
