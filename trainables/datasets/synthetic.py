"""Class prototypes with noise: small, learnable, generated, for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.seeds import generator


def load(data_dir: Path) -> Dataset:
    """640 colour images of 12x12 pixels, the same on every machine."""
    entry = DATASETS["synthetic"]
    n, shape = entry.train, (entry.size, entry.size, entry.channels)
    rng = generator(0, "synthetic")
    prototypes = rng.random((entry.classes, *shape))
    labels = rng.integers(entry.classes, size=n + entry.test)
    pixels = 0.6 * prototypes[labels] + 0.4 * rng.random((len(labels), *shape))
    images = np.round(255.0 * pixels).astype(np.uint8)
    return Dataset("synthetic", entry.classes, images[:n], labels[:n], images[n:], labels[n:])
