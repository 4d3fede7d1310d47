from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gensweep.trainables.datasets import DATASETS, load
from gensweep.trainables.datasets.arrays import Dataset, digest

ON_THE_SPOT = [name for name, source in DATASETS.items() if not source.prepared]

# SHA-256 of train images, train labels, test images, test labels.
GOLDEN = {
    "digits": (
        "1a5fd3b5c524e826767083c882fe4f8c91850d3568a78caadaa66eb3fe78f5b6",
        "cb6863cc760a900d01be551594691a090fd43e24c11ee63feaaf73315ad5e1d7",
        "a422c8110b35908d8bc868469498d8bc67c5d5f4357631b3ded0ee283ca6a1e9",
        "58c508427633b2936fa428117304c0906777e34c1db2e8cfbc37b8531f38a22e",
    ),
    "synthetic": (
        "aeb7f4d3837937cdad6382c81081a5752bbc8957dbe8f0d66efca927d9958fd0",
        "d82f1f5ed18309052546caab036fb6adf787b08d83b31f3695ba7ddb09730f95",
        "2c4c0e80e7b8bef9a508798ff44ad824ba2d2b0bc785f66fe6b2c0e1725d6ca2",
        "8977bd12741e40122d124885695b9392cbeb1ea910b027352ace61026be3dc63",
    ),
}


@pytest.fixture(params=ON_THE_SPOT)
def dataset(request: pytest.FixtureRequest, data_dir: Path) -> Dataset:
    return load(request.param, data_dir)


def test_every_dataset_without_preparation_has_its_digests_pinned() -> None:
    assert set(GOLDEN) == set(ON_THE_SPOT)


def test_data_made_on_the_spot_never_change(dataset: Dataset) -> None:
    arrays = (
        *(dataset.train_images, dataset.train_labels),
        *(dataset.test_images, dataset.test_labels),
    )
    assert tuple(digest(array) for array in arrays) == GOLDEN[dataset.name]


def test_arrays_are_what_the_registry_says(dataset: Dataset) -> None:
    source = DATASETS[dataset.name]
    image = (source.size, source.size, source.channels)
    assert dataset.train_images.shape == (source.train, *image)
    assert dataset.test_images.shape == (source.test, *image)
    assert dataset.train_labels.shape == (source.train,)
    assert dataset.test_labels.shape == (source.test,)
    assert dataset.classes == source.classes


def test_images_are_bytes_and_labels_are_classes(dataset: Dataset) -> None:
    for images in (dataset.train_images, dataset.test_images):
        assert images.dtype == np.uint8
        assert images.max() > 200  # not yet divided by 255
    for labels in (dataset.train_labels, dataset.test_labels):
        assert labels.dtype == np.int64
        assert np.array_equal(np.unique(labels), np.arange(dataset.classes))


def test_no_test_image_is_among_the_training_images(dataset: Dataset) -> None:
    train = {image.tobytes() for image in dataset.train_images}
    assert not [image for image in dataset.test_images if image.tobytes() in train]


@pytest.mark.parametrize("name", list(DATASETS))
def test_a_view_is_at_most_the_image(name: str) -> None:
    source = DATASETS[name]
    assert source.view > 0
    if source.encoded:  # each image has its own size
        assert source.size == 0
        return
    assert source.view <= source.size
    assert (source.size - source.view) % 2 == 0  # so that there is one centre


def test_digits_are_scikit_learns_in_its_order(data_dir: Path) -> None:
    from sklearn.datasets import load_digits

    digits, published = load("digits", data_dir), load_digits()
    images = np.concatenate([digits.train_images, digits.test_images])
    labels = np.concatenate([digits.train_labels, digits.test_labels])
    assert np.array_equal(labels, published.target)
    assert np.abs(images[..., 0] - published.images * 255 / 16).max() <= 0.5
