"""The sample that a trial measures on, with images as a network sees them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensweep.trainables.datasets import DATASETS, load
from gensweep.trainables.datasets.arrays import Dataset, Images, Labels
from gensweep.trainables.preprocessing import center_crop, to_unit_range, whiten
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.seeds import generator

_CHUNK = 8192  # images whitened at a time, to bound the memory of intermediate results


@dataclass(frozen=True)
class Sample:
    """Whitened inputs (N, C, H, W) and labels (N,), on one device."""

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, places: Tensor | slice) -> Sample:
        return Sample(self.inputs[places], self.labels[places])

    def replaced(self, place: int, other: Sample) -> Sample:
        """The sample with the example at `place` replaced by the only one of another sample."""
        inputs, labels = self.inputs.clone(), self.labels.clone()
        inputs[place], labels[place] = other.inputs[0], other.labels[0]
        return Sample(inputs, labels)


def training_order(dataset: str) -> NDArray[np.intp]:
    """The order of the training images in samples: the sample of size n has the first n.

    The order is the same for all seeds, because the empirical Rademacher complexity is that of one
    sample.
    """
    return generator(0, "capacity-sample").permutation(DATASETS[dataset].train)


def signs(labels: Labels, seed: int) -> Labels:
    """A fair coin, 0 or 1, for every label, independent of it."""
    return generator(seed, "rademacher-signs").integers(2, size=len(labels))


def halves(labels: Labels, classes: int) -> Labels:
    """0 for the first half of the classes, 1 for the second: true labels for two outputs."""
    return (2 * labels >= classes).astype(np.int64)


def random_classes(labels: Labels, classes: int, seed: int) -> Labels:
    """The classifier's random labels of this seed."""
    return corrupt_labels(labels, classes, 1.0, seed)


@lru_cache(maxsize=2)
def opened(name: str, data_dir: Path) -> Dataset:
    """Raises DataError if the dataset is missing."""
    return load(name, data_dir)


def training_sample(
    dataset: str, places: NDArray[np.intp], given: Labels, data_dir: Path, device: torch.device
) -> Sample:
    """The images at these places of the training order, and their labels."""
    arrays = opened(dataset, data_dir)
    chosen = training_order(dataset)[places]
    return _sample(arrays.train_images[chosen], given[chosen], dataset, device)


def test_sample(dataset: str, labels: Labels, data_dir: Path, device: torch.device) -> Sample:
    """All test images, with these labels."""
    return _sample(opened(dataset, data_dir).test_images, labels, dataset, device)


def _sample(images: Images, labels: Labels, dataset: str, device: torch.device) -> Sample:
    side = DATASETS[dataset].view
    parts = []
    for start in range(0, len(images), _CHUNK):
        part = np.array(images[start : start + _CHUNK].transpose(0, 3, 1, 2), order="C")
        seen = center_crop(torch.from_numpy(part).to(device), side)
        parts.append(whiten(to_unit_range(seen)))
    return Sample(torch.cat(parts), torch.tensor(labels, device=device))
