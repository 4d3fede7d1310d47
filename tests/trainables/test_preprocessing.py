from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gensweep.trainables.preprocessing import center_crop, to_unit_range, whiten

shapes = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 8), st.integers(1, 8))


def reference(images: NDArray[np.generic]) -> NDArray[np.float64]:
    """TensorFlow's per_image_whitening, image by image, in double precision."""
    whitened = []
    for image in images.astype(np.float64):
        deviation = np.sqrt(((image - image.mean()) ** 2).mean())
        whitened.append((image - image.mean()) / max(deviation, 1 / np.sqrt(image.size)))
    return np.stack(whitened)


@given(arrays(np.uint8, shapes))
def test_whitening_of_any_image_is_tensorflows(images: NDArray[np.uint8]) -> None:
    found = whiten(to_unit_range(torch.from_numpy(images)))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, reference(images / 255.0), rtol=1e-4, atol=1e-4)


def test_a_whitened_photograph_has_mean_0_and_variance_1_over_all_channels() -> None:
    images = torch.rand(16, 3, 28, 28) * torch.tensor([0.9, 0.3, 0.1]).view(3, 1, 1)
    flat = whiten(images).flatten(1)
    torch.testing.assert_close(flat.mean(1), torch.zeros(16), rtol=0, atol=1e-6)
    torch.testing.assert_close(flat.square().mean(1), torch.ones(16))
    by_channel = whiten(images).mean(dim=(0, 2, 3))
    assert by_channel[0] > 0.5 > -0.5 > by_channel[2]  # not one channel at a time


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_a_constant_image_becomes_0(level: float) -> None:
    found = whiten(torch.full((2, 3, 28, 28), level))
    torch.testing.assert_close(found, torch.zeros_like(found), rtol=0, atol=1e-4)


def test_the_contrast_of_an_almost_constant_image_is_raised_to_the_floor_only() -> None:
    images = torch.zeros(1, 3, 28, 28)
    images[0, 0, 0, 0] = 0.01  # a standard deviation of 0.0002, far below 1/sqrt(2352) = 0.02
    found = whiten(images)
    assert found.max().item() == pytest.approx(0.01 * np.sqrt(2352), rel=1e-3)
    np.testing.assert_allclose(found, reference(images.numpy()), rtol=0, atol=1e-5)


def test_images_are_whitened_independently() -> None:
    images = torch.rand(8, 3, 6, 6)
    alone = torch.cat([whiten(image[None]) for image in images])
    torch.testing.assert_close(whiten(images), alone, rtol=0, atol=1e-6)


def test_whitening_leaves_its_input_alone() -> None:
    images = torch.rand(2, 3, 4, 4)
    before = images.clone()
    whiten(images)
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    ("size", "side", "first"), [(32, 28, 2), (12, 8, 2), (28, 28, 0), (5, 2, 1), (3, 1, 1)]
)
def test_the_centre_is_cropped(size: int, side: int, first: int) -> None:
    images = torch.arange(2 * 3 * size * size).view(2, 3, size, size)
    found = center_crop(images, side)
    assert found.shape == (2, 3, side, side)
    for y in range(side):
        for x in range(side):
            assert torch.equal(found[:, :, y, x], images[:, :, first + y, first + x])


def test_height_and_width_are_cropped_each_to_its_centre() -> None:
    images = torch.arange(6 * 10).view(1, 1, 6, 10)
    assert center_crop(images, 4)[0, 0, 0, 0] == 1 * 10 + 3


def test_bytes_are_divided_by_255_and_floats_stay() -> None:
    every_byte = torch.arange(256, dtype=torch.uint8)
    found = to_unit_range(every_byte)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, np.arange(256) / 255.0, rtol=1e-6)
    assert every_byte[255] == 255
    noise = torch.tensor([-0.5, 0.5, 1.5])
    assert torch.equal(to_unit_range(noise), noise)
