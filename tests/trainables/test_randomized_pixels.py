from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gensweep.trainables import randomizations
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.randomizations import randomize_pixels, shuffle_pixels

Bytes = NDArray[np.uint8]

sides = st.integers(1, 9)
counts = st.integers(1, 6)
seeds = st.integers(0, 2**32)


def stream(seed: int, name: str) -> np.random.Generator:
    sequence = np.random.SeedSequence([seed, zlib.crc32(name.encode())])
    return np.random.Generator(np.random.Philox(sequence))


def labelled(n: int, height: int, width: int, channels: int = 3) -> Bytes:
    """Images whose every value tells its position: position + 50 · channel, modulo 256."""
    position = np.arange(height * width).reshape(height, width, 1)
    image = (position + 50 * np.arange(channels)) % 256
    return np.tile(image.astype(np.uint8), (n, 1, 1, 1))


def origins(images: Bytes) -> NDArray[np.int64]:
    """Where each pixel of `labelled` images came from (N, H·W), if its channels stayed together."""
    n, height, width, channels = images.shape
    positions = (images.astype(np.int64) - 50 * np.arange(channels)) % 256
    assert (positions == positions[..., :1]).all(), "channels were torn apart"
    return positions[..., 0].reshape(n, height * width)


def moved(image: Bytes, order: NDArray[np.integer]) -> Bytes:
    """Output pixel i is input pixel order[i], counted row by row."""
    width = image.shape[1]
    out = np.empty_like(image)
    for to, origin in enumerate(order):
        out[to // width, to % width] = image[origin // width, origin % width]
    return out


def test_shuffled_pixels_follow_one_drawn_order(synthetic: Dataset) -> None:
    train, test = synthetic.train_images[:20], synthetic.test_images[:20]
    order = stream(3, "shuffled-pixels").permutation(144)
    for found, images in zip(shuffle_pixels(train, test, 3), (train, test), strict=True):
        assert np.array_equal(found, [moved(image, order) for image in images])


def test_random_pixels_follow_an_order_drawn_for_each_image(synthetic: Dataset) -> None:
    train, test = synthetic.train_images[:20], synthetic.test_images[:20]
    for split, found, images in zip(
        ("train", "test"), randomize_pixels(train, test, 3), (train, test), strict=True
    ):
        rng = stream(3, f"random-pixels-{split}")
        expected = [moved(image, rng.permuted(np.arange(144, dtype=np.uint16))) for image in images]
        assert np.array_equal(found, expected)


@given(counts, counts, sides, sides, st.integers(1, 4), seeds)
def test_shuffled_pixels_use_one_map_for_all_images_of_both_splits(
    train: int, test: int, height: int, width: int, channels: int, seed: int
) -> None:
    shuffled = shuffle_pixels(
        labelled(train, height, width, channels), labelled(test, height, width, channels), seed
    )
    maps = np.concatenate([origins(images) for images in shuffled])
    assert (maps == maps[0]).all()
    assert np.array_equal(np.sort(maps[0]), np.arange(height * width))


@given(counts, counts, sides, sides, st.integers(1, 4), seeds)
def test_random_pixels_permute_the_positions_of_each_image(
    train: int, test: int, height: int, width: int, channels: int, seed: int
) -> None:
    permuted = randomize_pixels(
        labelled(train, height, width, channels), labelled(test, height, width, channels), seed
    )
    for one_map in np.concatenate([origins(images) for images in permuted]):
        assert np.array_equal(np.sort(one_map), np.arange(height * width))


def test_random_pixels_use_another_map_for_every_image() -> None:
    permuted = randomize_pixels(labelled(300, 12, 12), labelled(100, 12, 12), 0)
    maps = np.concatenate([origins(images) for images in permuted])
    assert len({one_map.tobytes() for one_map in maps}) == 400


def test_every_order_of_pixels_is_equally_likely() -> None:
    n = 24_000
    maps = origins(randomize_pixels(labelled(n, 2, 2), labelled(1, 2, 2), 0)[0])
    orders, counts = np.unique(maps, axis=0, return_counts=True)
    assert len(orders) == 24
    assert np.abs(counts - n / 24).max() < 5 * np.sqrt(n / 24)


@pytest.mark.parametrize("rule", [shuffle_pixels, randomize_pixels])
def test_every_image_keeps_its_pixels(
    rule: randomizations.Randomization, synthetic: Dataset
) -> None:
    originals = synthetic.train_images, synthetic.test_images
    for found, images in zip(rule(*originals, 0), originals, strict=True):  # type: ignore[operator]
        assert found.dtype == np.uint8
        for one, other in zip(found, images, strict=True):
            assert sorted(map(tuple, one.reshape(-1, 3))) == sorted(
                map(tuple, other.reshape(-1, 3))
            )
            assert not np.array_equal(one, other)


def test_random_pixels_do_not_depend_on_how_many_are_permuted_at_a_time(
    synthetic: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = randomize_pixels(synthetic.train_images, synthetic.test_images, 0)
    monkeypatch.setattr(randomizations, "_CHUNK", 100)
    in_parts = randomize_pixels(synthetic.train_images, synthetic.test_images, 0)
    for one, other in zip(at_once, in_parts, strict=True):
        assert np.array_equal(one, other)
