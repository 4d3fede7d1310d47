"""The paper's six randomizations (section 2.1): pure functions of data, probability and seed.

A randomization is drawn once and stays fixed for the whole training. It is drawn with NumPy,
so it is the same on every device and for every model, and it never touches the test labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensweep.trainables.datasets.arrays import Images, Labels
from gensweep.trainables.seeds import generator

Pixels = NDArray[Any]  # uint8 in [0, 255], or float32 in units of a pixel's full range

_CHUNK = 4096  # images per pass, to bound the memory of index arrays


@dataclass(frozen=True)
class Randomization:
    """What a randomization does to each part of a dataset; None leaves that part alone.

    labels: (training labels, classes, p, seed) -> training labels.
    images: (training images, test images, seed) -> both, randomized; each (N, H, W, C).
    corruption: the probability p with which it redraws a label; None leaves p to the trial.
    """

    about: str
    labels: Callable[[Labels, int, float, int], Labels] | None = None
    images: Callable[[Images, Images, int], tuple[Pixels, Pixels]] | None = None
    corruption: float | None = 0.0


def corrupt_labels(labels: Labels, classes: int, p: float, seed: int) -> Labels:
    """Each label is replaced, with probability p, by a uniform class that may equal it.

    The draws do not depend on p, so a label corrupted at p is corrupted in the same way at every
    larger p.
    """
    replaced = generator(seed, "label-corruption").random(len(labels)) < p
    replacements = generator(seed, "label-replacement").integers(classes, size=len(labels))
    return np.where(replaced, replacements, labels)


def shuffle_pixels(train: Images, test: Images, seed: int) -> tuple[Pixels, Pixels]:
    """One permutation of the pixel positions for every image of both splits."""
    height, width = train.shape[1:3]
    order = generator(seed, "shuffled-pixels").permutation(height * width)
    return _permute(train, order), _permute(test, order)


def _permute(images: Images, order: NDArray[np.integer[Any]]) -> Pixels:
    n, height, width, channels = images.shape
    return images.reshape(n, height * width, channels)[:, order].reshape(images.shape)


def randomize_pixels(train: Images, test: Images, seed: int) -> tuple[Pixels, Pixels]:
    """A separate permutation of the pixel positions for every image of both splits."""
    return (
        _permute_each(train, generator(seed, "random-pixels-train")),
        _permute_each(test, generator(seed, "random-pixels-test")),
    )


def _permute_each(images: Images, rng: np.random.Generator) -> Pixels:
    n, height, width, channels = images.shape
    dtype = np.promote_types(np.uint16, np.min_scalar_type(height * width))
    positions = np.arange(height * width, dtype=dtype)
    permuted = np.empty((n, height * width, channels), images.dtype)
    flat = images.reshape(permuted.shape)
    for start in range(0, n, _CHUNK):
        part = slice(start, min(start + _CHUNK, n))
        orders = rng.permuted(np.tile(positions, (part.stop - start, 1)), axis=1)
        permuted[part] = np.take_along_axis(flat[part], orders[..., None].astype(np.intp), axis=1)
    return permuted.reshape(images.shape)


def gaussian_pixels(train: Images, test: Images, seed: int) -> tuple[Pixels, Pixels]:
    """Noise with the mean and the variance of the training images, per channel.

    Values are float32 in units of a pixel's full range (1.0 is white) and are not clamped.
    """
    mean, std = channel_moments(train)
    draw = generator(seed, "gaussian-train"), generator(seed, "gaussian-test")
    noise = [
        rng.standard_normal(images.shape, dtype=np.float32)
        for rng, images in zip(draw, (train, test), strict=True)
    ]
    for values in noise:
        values *= std
        values += mean
    return noise[0], noise[1]


def channel_moments(images: Images) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation (C,) of each channel, in units of a pixel's full range.

    Computed from the 256-bin histogram of each channel, so exactly and in one pass.
    """
    values = np.arange(256) / 255.0
    means, stds = [], []
    for channel in range(images.shape[-1]):
        share = np.bincount(images[..., channel].ravel(), minlength=256) / images[..., 0].size
        mean = share @ values
        means.append(mean)
        stds.append(np.sqrt(share @ (values - mean) ** 2))
    return np.array(means, np.float32), np.array(stds, np.float32)


RANDOMIZATIONS: dict[str, Randomization] = {
    "true_labels": Randomization("the original data"),
    "partial_labels": Randomization(
        "each label redrawn with probability p", corrupt_labels, corruption=None
    ),
    "random_labels": Randomization("every label redrawn", corrupt_labels, corruption=1.0),
    "shuffled_pixels": Randomization("one pixel permutation for all images", images=shuffle_pixels),
    "random_pixels": Randomization("a pixel permutation for each image", images=randomize_pixels),
    "gaussian": Randomization("noise with the images' moments", images=gaussian_pixels),
}


def randomization_label(randomization: str, corruption: float) -> str:
    """A randomization as labels and tables name it, such as `random pixels` or `labels p=0.5`."""
    if randomization == "partial_labels":
        return f"labels p={corruption:g}"
    return randomization.replace("_", " ")
