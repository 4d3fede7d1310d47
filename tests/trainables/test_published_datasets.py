from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gensweep.trainables.classifier import data
from gensweep.trainables.classifier.data import load_trial_data
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS, check_prepared, cifar10, load, mnist
from gensweep.trainables.datasets.arrays import Dataset, digest, write_cache
from gensweep.trainables.errors import DataError

REAL = Path(os.environ.get("GENSWEEP_DATA", ""))
needs_cifar10 = pytest.mark.skipif(
    not os.environ.get("GENSWEEP_DATA") or not (REAL / "cifar10" / "dataset.json").is_file(),
    reason="CIFAR-10 is not prepared under GENSWEEP_DATA",
)
SPLITS = ("train_images", "train_labels", "test_images", "test_labels")


def test_cifar10_is_known_by_its_official_digests() -> None:
    assert cifar10.DIGESTS == {
        "train_images": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
        "train_labels": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
        "test_images": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
        "test_labels": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
    }


@pytest.fixture
def official(synthetic: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The synthetic dataset, given out as the official one."""
    for name in SPLITS:
        array = getattr(synthetic, name)
        monkeypatch.setitem(cifar10.DIGESTS, name, digest(array.astype(np.uint8)))
    return synthetic


def test_the_official_arrays_are_taken(official: Dataset) -> None:
    found = cifar10.verified(*(getattr(official, name) for name in SPLITS))
    assert found.name == "cifar10"
    assert found.train_labels.dtype == np.int64
    for name in SPLITS:
        assert np.array_equal(getattr(found, name), getattr(official, name))


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("change", ["one value", "order"])
def test_anything_but_the_official_arrays_is_refused(
    official: Dataset, name: str, change: str
) -> None:
    changed = getattr(official, name).copy()
    if change == "one value":
        changed.flat[-1] = (changed.flat[-1] + 1) % 10
    else:
        changed = changed[::-1]
    dataset = replace(official, **{name: changed})
    with pytest.raises(DataError, match=f"the {name.replace('_', ' ')} are not the official ones"):
        cifar10.verified(*(getattr(dataset, name) for name in SPLITS))


@pytest.mark.cifar10
@needs_cifar10
def test_the_prepared_cifar10_is_the_official_one_and_opens_at_once() -> None:
    started = time.perf_counter()
    found = load("cifar10", REAL)
    assert time.perf_counter() - started < 0.5
    cifar10.verified(*(getattr(found, name) for name in SPLITS))
    assert found.train_images.shape == (50_000, 32, 32, 3)
    assert np.bincount(found.train_labels).tolist() == [5_000] * 10
    assert np.bincount(found.test_labels).tolist() == [1_000] * 10


def _mnist(train: int = 60_000, test: int = 10_000, side: int = 28) -> list[np.ndarray]:
    images = [np.broadcast_to(np.uint8(7), (n, side, side)) for n in (train, test)]
    labels = [np.arange(n) % 10 for n in (train, test)]
    return [images[0], labels[0], images[1], labels[1]]


def test_mnist_gets_a_channel() -> None:
    dataset = mnist.verified(*_mnist())
    assert dataset.train_images.shape == (60_000, 28, 28, 1)
    assert dataset.test_images.shape == (10_000, 28, 28, 1)


@pytest.mark.parametrize("change", [{"train": 59_999}, {"test": 10_001}, {"side": 32}])
def test_mnist_of_another_size_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(DataError, match="dataset mnist"):
        mnist.verified(*_mnist(**change))


def test_mnist_with_an_eleventh_class_is_refused() -> None:
    dataset = _mnist()
    dataset[3][0] = 10
    with pytest.raises(DataError, match="labels below 10"):
        mnist.verified(*dataset)


@pytest.mark.parametrize("name", [name for name, source in DATASETS.items() if source.prepared])
def test_a_dataset_that_was_not_prepared_says_how_to(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"`gensweep data prepare {name}`"):
        check_prepared(name, tmp_path)


def test_the_cache_is_never_written_to(tmp_path: Path) -> None:
    """One channel first is one channel last, so that a careless reordering copies nothing."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(256, size=(20, 28, 28, 1), dtype=np.uint8), np.arange(20) % 10
    write_cache(Dataset("mnist", 10, images, labels, images, labels), tmp_path)
    trial = ClassifierTrial(model="mlp_1x512", dataset="mnist", flip=True)
    inputs = load_trial_data(trial, tmp_path, torch.device("cpu")).train.inputs
    assert np.array_equal(inputs, images.transpose(0, 3, 1, 2))
    assert inputs.data_ptr() != data._dataset("mnist", tmp_path).train_images.ctypes.data
