"""What kernels see: pixels, Gabor wavelets and random convolutional features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import linear_kernel, rbf_kernel
from torch import Tensor

from gensweep.trainables.kernel import convolutional, explicit, gabor, random_features
from gensweep.trainables.kernel.convolutional import features, random_filters
from gensweep.trainables.kernel.explicit import ExplicitKernel, median_bandwidth
from gensweep.trainables.kernel.random_features import RandomFeaturesKernel


def never() -> None:
    """No reason to leave."""


def filled(kernel: ExplicitKernel | RandomFeaturesKernel, n: int, dtype: torch.dtype) -> Tensor:
    matrix = torch.full((n, n), torch.nan, dtype=dtype)
    kernel.fill(matrix, never)
    return matrix.tril() + matrix.tril(-1).mT


@pytest.mark.parametrize("bandwidth", [0.0, 0.3])
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_the_matrix_is_scikit_learns(bandwidth: float, dtype: torch.dtype, close: float) -> None:
    x, z = torch.rand(1500, 5), torch.rand(7, 5)
    kernel = ExplicitKernel(x, z, bandwidth)
    wide = x.double().numpy()
    expected = rbf_kernel(wide, gamma=bandwidth) if bandwidth else linear_kernel(wide)
    np.testing.assert_allclose(filled(kernel, 1500, dtype).numpy(), expected, atol=close)


@pytest.mark.parametrize("bandwidth", [0.0, 0.3])
@pytest.mark.parametrize("tile", [7, 2048])
def test_outputs_are_the_matrix_times_the_coefficients(
    bandwidth: float, tile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explicit, "TILE", tile)
    x, z = torch.rand(40, 5), torch.rand(17, 5)
    alpha = torch.randn(40, 3, dtype=torch.float64)
    found, of_test = ExplicitKernel(x, z, bandwidth).outputs(alpha, never)
    for rows, outputs in ((x, found), (z, of_test())):
        pair = rows.double().numpy(), x.double().numpy()
        matrix = rbf_kernel(*pair, gamma=bandwidth) if bandwidth else linear_kernel(*pair)
        np.testing.assert_allclose(outputs.numpy(), matrix @ alpha.numpy(), atol=1e-12)


def test_rounding_makes_no_two_examples_more_than_equal() -> None:
    x = torch.rand(60, 784)
    matrix = explicit.evaluate(x, x, 0.02)
    assert matrix.max() == 1.0
    assert matrix.diagonal().min() > 1 - 1e-5


def test_the_bandwidth_is_two_over_the_median_squared_distance() -> None:
    sample = torch.rand(41, 6)
    expected = 2 / np.median(pdist(sample.double().numpy(), "sqeuclidean"))
    assert median_bandwidth(sample) == float(f"{expected:.6g}")


@pytest.mark.parametrize("wavelength", gabor.WAVELENGTHS)
@pytest.mark.parametrize("orientation", [0, 3])
def test_a_wave_is_answered_most_by_the_wavelet_of_its_kind(
    wavelength: float, orientation: int
) -> None:
    angle = np.pi * orientation / gabor.ORIENTATIONS
    y, x = np.mgrid[:28, :28]
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / wavelength)
    found = gabor.responses(torch.tensor(wave, dtype=torch.float32)[None, None])
    kinds = found.reshape(len(gabor.WAVELENGTHS), gabor.ORIENTATIONS, -1)
    of_its_length = kinds[gabor.WAVELENGTHS.index(wavelength)].mean(1)
    assert of_its_length.argmax() == orientation


def test_wavelets_are_blind_to_evenly_grey_images_away_from_the_edge() -> None:
    even = torch.full((1, 1, 60, 60), 0.7)
    grid = gabor.responses(even).reshape(-1, 15, 15)[:, 4:11, 4:11]
    assert grid.abs().max() < 1e-4


def test_responses_are_magnitudes_of_a_correlation_averaged_over_places() -> None:
    image = torch.rand(1, 1, 12, 12)
    found = gabor.responses(image).reshape(len(gabor.WAVELENGTHS), gabor.ORIENTATIONS, 3, 3)
    for wavelength, of_one in zip(gabor.WAVELENGTHS, found, strict=True):
        real, imaginary = gabor.bank(wavelength)[:, 0].numpy().reshape(2, gabor.ORIENTATIONS, -1)
        side = round(np.sqrt(real.shape[1]))
        for one, response in zip(real + 1j * imaginary, of_one, strict=True):
            full = np.abs(correlate2d(image[0, 0], one.conj().reshape(side, side), mode="same"))
            pooled = full.reshape(3, 4, 3, 4).mean((1, 3))
            np.testing.assert_allclose(response.numpy(), pooled, atol=1e-5)


def test_colours_are_looked_at_one_by_one() -> None:
    images = torch.rand(2, 3, 12, 12)
    found = gabor.responses(images).reshape(2, 3, -1)
    for channel in range(3):
        alone = gabor.responses(images[:, channel : channel + 1])
        torch.testing.assert_close(found[:, channel], alone)


def _patches(images: Tensor) -> np.ndarray:
    """Normalized patches (N, h, w, C * 36), as Coates and Ng describe them."""
    windows = np.lib.stride_tricks.sliding_window_view(images.double().numpy(), (6, 6), (2, 3))
    patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(len(images), *windows.shape[2:4], -1)
    patches = 255 * patches
    centred = patches - patches.mean(-1, keepdims=True)
    return centred / np.sqrt(centred.var(-1, ddof=1, keepdims=True) + 10)


def test_filters_are_whitened_patches_of_norm_one_seen_through_the_whitening() -> None:
    images = torch.rand(50, 3, 12, 12)
    filters = random_filters(images, 9, seed=1)
    drawn = 255 * convolutional._patches(images, convolutional._SAMPLE, 1).double().numpy()
    drawn -= drawn.mean(1, keepdims=True)
    drawn /= np.sqrt(drawn.var(1, ddof=1, keepdims=True) + 10)
    variances, axes = np.linalg.eigh(np.cov(drawn.T))
    zca = axes @ np.diag(1 / np.sqrt(variances + 0.1)) @ axes.T
    chosen = (drawn[:9] - drawn.mean(0)) @ zca
    chosen /= np.linalg.norm(chosen, axis=1, keepdims=True)
    expected = (_patches(images[:2]) - drawn.mean(0)) @ zca @ chosen.T
    scale = 1 / np.sqrt(_variances(images[:2]) + 10 / 255**2)
    raw = torch.nn.functional.conv2d(images[:2], filters.weights).double().numpy()
    found = raw.transpose(0, 2, 3, 1) * scale[..., None] - filters.offsets.double().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def _variances(images: Tensor) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(images.double().numpy(), (6, 6), (2, 3))
    flat = windows.transpose(0, 2, 3, 1, 4, 5).reshape(len(images), *windows.shape[2:4], -1)
    return flat.var(-1, ddof=1)


@pytest.mark.parametrize(("side", "size", "step"), [(32, 14, 13), (8, 2, 1), (13, 4, 4)])
def test_features_are_thresholded_responses_summed_over_quadrants(
    side: int, size: int, step: int
) -> None:
    images = torch.rand(3, 2, side, side)
    filters = random_filters(images, 4, seed=0)
    scale = 1 / np.sqrt(_variances(images) + 10 / 255**2)
    raw = torch.nn.functional.conv2d(images, filters.weights).double().numpy()
    response = raw * scale[:, None] - filters.offsets.double().numpy()[:, None, None]
    expected = []
    for signed in (response, -response):
        kept = np.maximum(signed - 0.25, 0)
        expected += [
            kept[:, :, top : top + size, left : left + size].sum((2, 3))
            for top in (0, step)
            for left in (0, step)
        ]
    found = features(images, filters).reshape(3, 2, 4, 4).numpy()
    together = np.stack(expected).reshape(2, 4, 3, 4).transpose(2, 0, 3, 1)
    np.testing.assert_allclose(found, together, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kept", [1, 3, 1000])
def test_blocks_of_filters_add_up_to_the_kernel_of_all(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = torch.rand(20, 1, 8, 8), torch.rand(6, 1, 8, 8)
    filters = random_filters(train, 10, seed=0)
    monkeypatch.setattr(random_features, "BLOCK_BYTES", 32 * 26 * kept)
    kernel = RandomFeaturesKernel(train, test, filters)
    phi, psi = (features(images, filters).double() for images in (train, test))
    matrix = phi @ phi.mT / 80
    torch.testing.assert_close(filled(kernel, 20, torch.float64), matrix, rtol=1e-6, atol=1e-9)
    alpha = torch.randn(20, 3, dtype=torch.float64)
    found, of_test = kernel.outputs(alpha, never)
    torch.testing.assert_close(found, matrix @ alpha, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(of_test(), psi @ phi.mT @ alpha / 80, rtol=1e-6, atol=1e-9)


def test_filters_are_drawn_with_the_seed() -> None:
    images = torch.rand(30, 1, 8, 8)
    one, same, other = (random_filters(images, 5, seed).weights for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
