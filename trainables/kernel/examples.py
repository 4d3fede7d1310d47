"""The examples of a trial on its device, and the kernel between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gensweep.trainables.datasets import load
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.kernel.convolutional import random_filters
from gensweep.trainables.kernel.explicit import ExplicitKernel, median_bandwidth
from gensweep.trainables.kernel.gabor import responses
from gensweep.trainables.kernel.random_features import RandomFeaturesKernel
from gensweep.trainables.kernel.trial import KernelTrial
from gensweep.trainables.preprocessing import to_unit_range
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.seeds import generator

_PAIRED = 1500  # training examples for the median distance between pairs


@dataclass(frozen=True)
class Examples:
    """labels (n,) as randomized, test_labels (m,), one_hot (n, classes) in float64."""

    kernel: ExplicitKernel | RandomFeaturesKernel
    labels: Tensor
    test_labels: Tensor
    one_hot: Tensor


def load_examples(trial: KernelTrial, data_dir: Path, device: torch.device) -> Examples:
    """Raises DataError if the dataset is missing."""
    dataset = load(trial.dataset, data_dir)
    given = dataset.train_labels
    if trial.randomization == "random_labels":
        given = corrupt_labels(given, dataset.classes, 1.0, trial.seed)
    chosen = chosen_rows(trial, len(given))
    labels = torch.tensor(given[chosen], device=device)
    return Examples(
        kernel=_kernel(trial, dataset, chosen, device),
        labels=labels,
        test_labels=torch.tensor(np.array(dataset.test_labels), device=device),
        one_hot=functional.one_hot(labels, dataset.classes).double(),
    )


def chosen_rows(trial: KernelTrial, examples: int) -> NDArray[np.intp]:
    """The training examples of a trial, in the dataset's order; a smaller n is a subset of a larger
    one.
    """
    if not trial.n:
        return np.arange(examples)
    return np.sort(generator(trial.seed, "kernel-examples").permutation(examples)[: trial.n])


def _kernel(
    trial: KernelTrial, dataset: Dataset, chosen: NDArray[np.intp], device: torch.device
) -> ExplicitKernel | RandomFeaturesKernel:
    train = _images(dataset.train_images[chosen], device)
    test = _images(dataset.test_images, device)
    if trial.model == "random_features":
        filters = random_filters(train, trial.filters, trial.seed)
        return RandomFeaturesKernel(train, test, filters)
    bandwidth = trial.bandwidth or trial.published_bandwidth or 0.0
    if trial.kernel == "linear":
        bandwidth = 0.0
    elif not bandwidth:
        bandwidth = median_bandwidth(_explicit(trial, _images(_paired(dataset), device)))
    return ExplicitKernel(_explicit(trial, train), _explicit(trial, test), bandwidth)


def _explicit(trial: KernelTrial, images: Tensor) -> Tensor:
    return responses(images) if trial.model == "gabor_wavelets" else images.flatten(1)


def _paired(dataset: Dataset) -> NDArray[Any]:
    """The same examples for every trial, so that the bandwidth depends only on the dataset."""
    order = generator(0, "kernel-bandwidth").permutation(len(dataset.train_images))
    return dataset.train_images[np.sort(order[:_PAIRED])]


def _images(images: NDArray[Any], device: torch.device) -> Tensor:
    """Images (N, H, W, C) as float32 (N, C, H, W) in [0, 1]."""
    channels_first = np.array(images.transpose(0, 3, 1, 2), order="C")
    return to_unit_range(torch.from_numpy(channels_first).to(device))
