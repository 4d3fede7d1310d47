"""The digits that ship with scikit-learn: real data without a download."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.arrays import Dataset


def load(data_dir: Path) -> Dataset:
    """1797 scans of 8x8 pixels in 17 grey levels. The last 360 are the test set.

    scikit-learn defines no split. Rows are ordered by writer, so most test digits are by people who
    wrote none of the training digits.
    """
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = np.round(pixels * (255.0 / 16.0)).astype(np.uint8).reshape(-1, 8, 8, 1)
    labels = labels.astype(np.int64)
    entry = DATASETS["digits"]
    n = entry.train
    return Dataset("digits", entry.classes, images[:n], labels[:n], images[n:], labels[n:])
