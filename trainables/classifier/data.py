"""A trial's data: randomized once, and kept on its device and shared between trials if they fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensweep.trainables.classifier.regularizers import augment, augments
from gensweep.trainables.classifier.streaming.loader import Loader
from gensweep.trainables.classifier.streaming.split import StreamedSplit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS, load
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.datasets.encoded import EncodedSplit, open_encoded
from gensweep.trainables.preprocessing import center_crop, to_unit_range, whiten
from gensweep.trainables.randomizations import RANDOMIZATIONS
from gensweep.trainables.ranks import ALONE, Ranks

BATCH = {"cpu": 500, "cuda": 10_000, "mps": 2_000}  # images evaluated at a time
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

    def batches(self, ranks: Ranks = ALONE) -> Iterator[tuple[slice, Tensor]]:
        """This rank's share of all inputs, in batches that suit the device, with their places."""
        for places in ranks.in_turn(len(self.labels), BATCH[self.labels.device.type]):
            yield places, self.inputs[places]

    def training(
        self,
        trial: ClassifierTrial,
        epoch: int,
        batches: Sequence[Tensor],
        augmentation: torch.Generator,
        ranks: Ranks = ALONE,
    ) -> Iterator[Tensor]:
        """Network inputs for this rank's share of each of the batches, which are places in the
        split.

        All ranks draw the same for the whole batch.
        """
        for batch in batches:
            own = ranks.share(len(batch))
            if augments(trial):
                yield whiten(augment(self.inputs[batch], trial, augmentation)[own])
            else:
                yield self.inputs[batch[own]]

    def close(self) -> None:
        """Nothing is at work."""


AnySplit = Split | StreamedSplit


@dataclass(frozen=True)
class TrialData:
    """Both splits, and the conversion of a stored batch to network inputs in evaluation mode."""

    train: AnySplit
    test: AnySplit
    classes: int
    shape: tuple[int, int, int]
    as_seen: Callable[[Tensor], Tensor]


def load_trial_data(trial: ClassifierTrial, data_dir: Path, device: torch.device) -> TrialData:
    """Raises DataError if the dataset is missing."""
    if DATASETS[trial.dataset].encoded:
        return _streamed(trial, data_dir, device)
    dataset = _dataset(trial.dataset, data_dir)
    labels, changed = _given(trial, dataset.train_labels, dataset.classes)
    rule = RANDOMIZATIONS[trial.randomization]
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

    def split(images: Tensor, *labels: NDArray[np.generic] | None) -> Split:
        return Split(images, *_put(device, labels))

    test_labels = dataset.test_labels
    return TrialData(
        train=split(train_images, labels, dataset.train_labels, changed),
        test=split(test_images, test_labels, test_labels),
        classes=dataset.classes,
        shape=(train_images.shape[1], side, side),
        as_seen=as_seen if augments(trial) else _identity,
    )


def _streamed(trial: ClassifierTrial, data_dir: Path, device: torch.device) -> TrialData:
    dataset = open_encoded(trial.dataset, data_dir)
    classes, side = len(dataset.classes), trial.input_size
    labels, changed = _given(trial, dataset.train.labels, classes)

    def split(images: EncodedSplit, *labels: NDArray[np.generic] | None) -> StreamedSplit:
        loader = Loader(images, side, torch.get_num_threads(), device)
        return StreamedSplit(loader, *_put(device, labels))

    test_labels = dataset.test.labels
    return TrialData(
        train=split(dataset.train, labels, dataset.train.labels, changed),
        test=split(dataset.test, test_labels, test_labels),
        classes=classes,
        shape=(DATASETS[trial.dataset].channels, side, side),
        as_seen=_identity,
    )


def _given(
    trial: ClassifierTrial, truth: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
    """The labels that the network is given, and which of them are not true; None if all are."""
    rule = RANDOMIZATIONS[trial.randomization].labels
    given = rule(truth, classes, trial.corruption, trial.seed) if rule else truth
    changed = given != truth
    return given, changed if changed.any() else None


def _put(device: torch.device, arrays: Sequence[NDArray[np.generic] | None]) -> list[Any]:
    """Equal arrays become one tensor."""
    tensors = {id(a): torch.tensor(a, device=device) for a in arrays if a is not None}
    return [None if array is None else tensors[id(array)] for array in arrays]


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
