"""The examples of a linear regression: features, one-hot targets and a test set, in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from sklearn.metrics.pairwise import rbf_kernel

from gensweep.trainables.datasets import DATASETS, load
from gensweep.trainables.min_norm.trial import GAUSSIAN, MinNormTrial
from gensweep.trainables.preprocessing import center_crop, to_unit_range, whiten
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.seeds import generator

Matrix = NDArray[np.float64]
Images = NDArray[np.uint8]

_TEST = 1000  # test examples of gaussian data


@dataclass(frozen=True)
class Examples:
    """inputs (n, d), targets (n, K) one-hot of the given labels (n,); the test set likewise."""

    inputs: Matrix
    labels: NDArray[np.int64]
    targets: Matrix
    test_inputs: Matrix
    test_labels: NDArray[np.int64]


def examples(trial: MinNormTrial, data_dir: Path) -> Examples:
    """Draw the data from the trial's seed. Raises DataError if the dataset is missing."""
    draw = _gaussian if trial.dataset == GAUSSIAN else _of_images
    inputs, labels, test_inputs, test_labels, classes = draw(trial, data_dir)
    return Examples(inputs, labels, np.eye(classes)[labels], test_inputs, test_labels)


def _gaussian(trial: MinNormTrial, data_dir: Path) -> tuple[Any, ...]:
    teacher = generator(trial.seed, "min-norm-teacher").standard_normal((trial.d, trial.classes))
    rng = generator(trial.seed, "min-norm-gaussian")
    inputs = rng.standard_normal((trial.n + _TEST, trial.d))
    labels = np.argmax(inputs @ teacher, axis=1)
    given = corrupt_labels(labels[: trial.n], trial.classes, trial.corruption, trial.seed)
    return inputs[: trial.n], given, inputs[trial.n :], labels[trial.n :], trial.classes


def _of_images(trial: MinNormTrial, data_dir: Path) -> tuple[Any, ...]:
    """Labels are corrupted before examples are chosen, so a network's trial has the same labels."""
    dataset = load(trial.dataset, data_dir)
    given = corrupt_labels(dataset.train_labels, dataset.classes, trial.corruption, trial.seed)
    order = generator(trial.seed, "min-norm-examples").permutation(len(given))
    chosen = np.sort(order[: trial.n])
    side = DATASETS[trial.dataset].view
    train, test = FEATURES[trial.features](
        trial, dataset.train_images[chosen], dataset.test_images, side
    )
    return train, given[chosen], test, dataset.test_labels, dataset.classes


def raw(trial: MinNormTrial, train: Images, test: Images, side: int) -> tuple[Matrix, Matrix]:
    return _pixels(train, side, False), _pixels(test, side, False)


def whitened(trial: MinNormTrial, train: Images, test: Images, side: int) -> tuple[Matrix, Matrix]:
    return _pixels(train, side, True), _pixels(test, side, True)


def relu(trial: MinNormTrial, train: Images, test: Images, side: int) -> tuple[Matrix, Matrix]:
    """max(0, x A) of whitened pixels x; for large d their inner products approach a kernel."""
    pixels = [_pixels(images, side, True) for images in (train, test)]
    p = pixels[0].shape[1]
    weights = generator(trial.seed, "min-norm-relu").standard_normal((p, trial.d))
    weights *= np.sqrt(2.0 / (p * trial.d))
    return np.maximum(pixels[0] @ weights, 0.0), np.maximum(pixels[1] @ weights, 0.0)


def kernel(trial: MinNormTrial, train: Images, test: Images, side: int) -> tuple[Matrix, Matrix]:
    """Coordinates of k(x, .) in the span of the training examples'.

    With K = U diag(l) U', the inner products of the rows of U sqrt(l) are K, and those with the
    rows of k(test, train) U / sqrt(l) are k(test, train). Directions whose eigenvalue is only
    rounding are dropped.
    """
    pixels, test_pixels = raw(trial, train, test, side)
    gram = rbf_kernel(pixels, gamma=trial.bandwidth)
    values, vectors = scipy.linalg.eigh(gram)
    kept = values > len(values) * np.finfo(np.float64).eps * values[-1]
    lengths, vectors = np.sqrt(values[kept]), vectors[:, kept]
    beside = rbf_kernel(test_pixels, pixels, gamma=trial.bandwidth)
    return vectors * lengths, beside @ (vectors / lengths)


FEATURES: dict[str, Callable[[MinNormTrial, Images, Images, int], tuple[Matrix, Matrix]]] = {
    "raw": raw,
    "whitened": whitened,
    "relu": relu,
    "kernel": kernel,
}


def _pixels(images: Images, side: int, white: bool) -> Matrix:
    """The part of images (N, H, W, C) that networks see, as (N, side * side * C)."""
    stored = torch.from_numpy(np.array(images.transpose(0, 3, 1, 2), order="C"))
    seen = to_unit_range(center_crop(stored, side))
    pixels: Matrix = (whiten(seen) if white else seen).reshape(len(images), -1).double().numpy()
    return pixels
