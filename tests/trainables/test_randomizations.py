from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gensweep.trainables.datasets.arrays import Dataset, digest
from gensweep.trainables.randomizations import RANDOMIZATIONS

# SHA-256 for seed 7 of the training labels (p = 0.5 where they are partly corrupted) and of the
# images, training and test together. Noise is counted in thousandths: its last bits may differ
# between mathematical libraries.
GOLDEN = {
    "true_labels": (
        "d82f1f5ed18309052546caab036fb6adf787b08d83b31f3695ba7ddb09730f95",
        "9f801cb4fb220cdb9f107baee6147b01574ac7b86d8bb7063dfaffb91f4b33c5",
    ),
    "partial_labels": (
        "4b3bb2b2bfcc3e72a5a6a1ba807265c514051c5e30fa86762ca7e221c29af09b",
        "9f801cb4fb220cdb9f107baee6147b01574ac7b86d8bb7063dfaffb91f4b33c5",
    ),
    "random_labels": (
        "7d6f964b5fd9bbb32bc2cee5cedf5a9c6bfd9f8657ed096d49cf35c85ea1fad0",
        "9f801cb4fb220cdb9f107baee6147b01574ac7b86d8bb7063dfaffb91f4b33c5",
    ),
    "shuffled_pixels": (
        "d82f1f5ed18309052546caab036fb6adf787b08d83b31f3695ba7ddb09730f95",
        "a0e4e91abb9a48282502f7514c28e6c9fb92ba310348635c7e2ca19eb0b00d4e",
    ),
    "random_pixels": (
        "d82f1f5ed18309052546caab036fb6adf787b08d83b31f3695ba7ddb09730f95",
        "ababd3165f5f55a237663ce05d38ee0b2d1e8577b673439b56a317ff4bcfd35a",
    ),
    "gaussian": (
        "d82f1f5ed18309052546caab036fb6adf787b08d83b31f3695ba7ddb09730f95",
        "5da5fe47e1580179005f75f62028e22295dfd46be6994a5285c904fe302275dd",
    ),
}
PROBABILITY = {"partial_labels": 0.5, "random_labels": 1.0}


def randomized(name: str, dataset: Dataset, seed: int = 7) -> list[NDArray[np.generic]]:
    """Training labels, training images and test images."""
    rule = RANDOMIZATIONS[name]
    labels, train, test = dataset.train_labels, dataset.train_images, dataset.test_images
    if rule.labels:
        labels = rule.labels(labels, dataset.classes, PROBABILITY[name], seed)
    if rule.images:
        train, test = rule.images(train, test, seed)
    return [labels, train, test]


def test_there_are_the_papers_six() -> None:
    assert set(RANDOMIZATIONS) == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_randomizations_never_change(name: str, synthetic: Dataset) -> None:
    labels, train, test = randomized(name, synthetic)
    images = np.concatenate([train, test])
    if name == "gaussian":
        images = np.round(images * 1000).astype(np.int32)
    assert (digest(labels), digest(images)) == GOLDEN[name]


@pytest.mark.parametrize("name", GOLDEN)
def test_no_rule_touches_both_labels_and_images(name: str) -> None:
    rule = RANDOMIZATIONS[name]
    assert rule.labels is None or rule.images is None
    assert (rule.labels is None and rule.images is None) == (name == "true_labels")


@pytest.mark.parametrize("name", GOLDEN)
def test_a_randomization_is_the_same_whatever_was_drawn_before(
    name: str, synthetic: Dataset
) -> None:
    first = randomized(name, synthetic)
    torch.manual_seed(999)
    np.random.seed(999)
    torch.rand(5)
    for before, after in zip(first, randomized(name, synthetic), strict=True):
        assert np.array_equal(before, after)


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "true_labels"])
def test_another_seed_is_another_randomization(name: str, synthetic: Dataset) -> None:
    one, other = randomized(name, synthetic, seed=0), randomized(name, synthetic, seed=1)
    assert any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_data_given_are_left_as_they_were(name: str, synthetic: Dataset) -> None:
    arrays = (synthetic.train_labels, synthetic.train_images, synthetic.test_images)
    before = [digest(array) for array in arrays]
    randomized(name, synthetic)
    assert [digest(array) for array in arrays] == before
