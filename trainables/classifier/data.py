"""A trial's data on its device: randomized once, kept in memory, shared between trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensweep.trainables.classifier.regularizers import augments
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS, load
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.preprocessing import center_crop, to_unit_range, whiten
from gensweep.trainables.randomizations import RANDOMIZATIONS

_CHUNK = 8192  # images whitened at a time, to bound the memory of intermediate results


@dataclass(frozen=True)
class Split:
    """inputs (N, C, H, W), labels (N,) as given to the network, truth (N,) as published.

    Inputs are float32 and whitened, or, where the trial augments, the images that the
    augmentation starts from. `changed` (N,) marks the examples whose given label is not their true
    one; None if there are none.
    """

    inputs: Tensor
    labels: Tensor
    truth: Tensor
    changed: Tensor | None = None


@dataclass(frozen=True)
class TrialData:
    """Both splits, and the conversion of a stored batch to network inputs in evaluation mode."""

    train: Split
    test: Split
    classes: int
    shape: tuple[int, int, int]
    as_seen: Callable[[Tensor], Tensor]


def load_trial_data(trial: ClassifierTrial, data_dir: Path, device: torch.device) -> TrialData:
    """Raises DataError if the dataset is missing."""
    dataset = _dataset(trial.dataset, data_dir)
    rule = RANDOMIZATIONS[trial.randomization]
    given = dataset.train_labels
    if rule.labels:
        given = rule.labels(given, dataset.classes, trial.corruption, trial.seed)
    changed = given != dataset.train_labels
    train_images, test_images = _images(
        trial.dataset,
        trial.randomization if rule.images else "true_labels",
        trial.seed if rule.images else 0,
        trial.crop,
        not augments(trial),
        data_dir,
        device,
    )
    side = trial.input_size

    def as_seen(images: Tensor) -> Tensor:
        return whiten(to_unit_range(center_crop(images, side)))

    def put(labels: NDArray[np.generic]) -> Tensor:
        return torch.tensor(labels, device=device)

    truth, test_labels = put(dataset.train_labels), put(dataset.test_labels)
    return TrialData(
        train=Split(train_images, put(given), truth, put(changed) if changed.any() else None),
        test=Split(test_images, test_labels, test_labels),
        classes=dataset.classes,
        shape=(train_images.shape[1], side, side),
        as_seen=as_seen if augments(trial) else _identity,
    )


def _identity(images: Tensor) -> Tensor:
    return images


@lru_cache(maxsize=2)
def _dataset(name: str, data_dir: Path) -> Dataset:
    return load(name, data_dir)


@lru_cache(maxsize=2)
def _images(
    dataset: str,
    randomization: str,
    seed: int,
    full: bool,
    whitened: bool,
    data_dir: Path,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """Training and test images on the device; trials that differ only in labels share them.

    A randomization acts on the part that the network can see: the full image if it is randomly
    cropped, otherwise its centre.
    """
    arrays = _dataset(dataset, data_dir)
    side = arrays.train_images.shape[1] if full else DATASETS[dataset].view
    train, test = (_view(images, side) for images in (arrays.train_images, arrays.test_images))
    if rule := RANDOMIZATIONS[randomization].images:
        train, test = rule(train, test, seed)
    finish = _whitened if whitened else _raw
    return finish(train, device), finish(test, device)


def _view(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The central (N, side, side, C) of images (N, H, W, C)."""
    margin = (images.shape[1] - side) // 2
    return images[:, margin : margin + side, margin : margin + side]


def _raw(images: NDArray[np.generic], device: torch.device) -> Tensor:
    # Copies even if the order already fits (one channel): the arrays may be a read-only map of a
    # file.
    return torch.from_numpy(np.array(images.transpose(0, 3, 1, 2), order="C")).to(device)


def _whitened(images: NDArray[np.generic], device: torch.device) -> Tensor:
    n, height, width, channels = images.shape
    whole = torch.empty(n, channels, height, width, device=device)
    for i in range(0, n, _CHUNK):
        whole[i : i + _CHUNK] = whiten(to_unit_range(_raw(images[i : i + _CHUNK], device)))
    return whole
