from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.randomizations import channel_moments, gaussian_pixels

Noise = NDArray[np.float32]


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    """Channels as different as can be, so that a mistaken axis shows."""
    rng = np.random.default_rng(0)
    channels = [
        rng.integers(low, high, (2000, 8, 8)) for low, high in ((0, 256), (0, 30), (90, 250))
    ]
    return np.stack(channels, axis=-1).astype(np.uint8)


@pytest.fixture(scope="module")
def noise(images: NDArray[np.uint8]) -> Noise:
    return gaussian_pixels(images, images[:500], seed=0)[0]  # type: ignore[return-value]


def test_noise_is_the_drawn_gaussians_scaled_and_shifted(synthetic: Dataset) -> None:
    train, test = synthetic.train_images, synthetic.test_images
    mean = [np.mean(train[..., c] / 255.0) for c in range(3)]
    std = [np.std(train[..., c] / 255.0) for c in range(3)]
    found = gaussian_pixels(train, test, seed=5)
    for split, shape, values in zip(
        ("train", "test"), (train.shape, test.shape), found, strict=True
    ):
        sequence = np.random.SeedSequence([5, zlib.crc32(f"gaussian-{split}".encode())])
        draws = np.random.Generator(np.random.Philox(sequence)).standard_normal(shape, np.float32)
        np.testing.assert_allclose(values, draws * std + mean, rtol=0, atol=2e-6)


def test_noise_has_the_mean_and_variance_of_each_channel(
    noise: Noise, images: NDArray[np.uint8]
) -> None:
    count = images[..., 0].size
    for channel in range(3):
        original, drawn = images[..., channel] / 255.0, noise[..., channel].astype(np.float64)
        sigma = original.std()
        assert abs(drawn.mean() - original.mean()) < 5 * sigma / np.sqrt(count)
        assert abs(drawn.var() / sigma**2 - 1) < 5 * np.sqrt(2 / count)


def test_noise_is_not_clamped_to_the_range_of_pixels(noise: Noise) -> None:
    full_range = noise[..., 0]  # mean 0.5, standard deviation 0.29: 4 % on either side
    assert (full_range < 0).mean() == pytest.approx(0.0418, abs=0.005)
    assert (full_range > 1).mean() == pytest.approx(0.0418, abs=0.005)


def test_noise_is_float32_and_not_rounded_to_bytes(noise: Noise) -> None:
    assert noise.dtype == np.float32
    assert np.abs(noise * 255 - np.round(noise * 255)).mean() == pytest.approx(0.25, abs=0.01)


def test_no_two_values_share_a_draw(noise: Noise) -> None:
    standard = (noise - noise.mean(axis=(0, 1, 2))) / noise.std(axis=(0, 1, 2))
    between_channels = np.corrcoef(standard.reshape(-1, 3).T)
    limit = 5 / np.sqrt(standard[..., 0].size)
    assert np.abs(between_channels - np.eye(3)).max() < limit
    assert abs((standard[1:] * standard[:-1]).mean()) < limit  # between images
    assert abs((standard[:, 1:] * standard[:, :-1]).mean()) < limit  # between rows


def test_test_noise_has_the_moments_of_the_training_images() -> None:
    dark = np.random.default_rng(0).integers(20, size=(500, 8, 8, 1), dtype=np.uint8)
    bright = 255 - dark
    test = gaussian_pixels(dark, bright, seed=0)[1]
    assert test.mean() == pytest.approx(dark.mean() / 255, abs=1e-3)


def test_training_and_test_images_get_noise_of_their_own(images: NDArray[np.uint8]) -> None:
    train, test = gaussian_pixels(images[:100], images[:100], seed=0)
    for channel in range(3):
        one, other = train[..., channel].ravel(), test[..., channel].ravel()
        assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(one.size)


@given(arrays(np.uint8, st.tuples(*[st.integers(1, 5)] * 4)))
def test_moments_are_those_of_the_unit_range(images: NDArray[np.uint8]) -> None:
    mean, std = channel_moments(images)
    assert mean.shape == std.shape == (images.shape[-1],)
    np.testing.assert_allclose(mean, (images / 255.0).mean(axis=(0, 1, 2)), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(std, (images / 255.0).std(axis=(0, 1, 2)), rtol=1e-6, atol=1e-7)
