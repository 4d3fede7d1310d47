from __future__ import annotations

from math import cos, floor, radians, sin

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensweep.trainables.classifier.regularizers import random_rotation


def turn_all(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Make every rotation one by this share of the largest angle, in [-1, 1]."""
    drawn = (share + 1) / 2
    monkeypatch.setattr(torch, "rand", lambda n, **_: torch.full((n,), drawn))


def rotated(image: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Pixel by pixel: where each comes from, read between its four neighbours, black outside."""
    side = image.shape[-1]
    middle, angle = (side - 1) / 2, radians(degrees)
    out = np.zeros_like(image)
    for y in range(side):
        for x in range(side):
            right, down = x - middle, y - middle
            from_x = cos(angle) * right - sin(angle) * down + middle
            from_y = sin(angle) * right + cos(angle) * down + middle
            for ny in (floor(from_y), floor(from_y) + 1):
                for nx in (floor(from_x), floor(from_x) + 1):
                    if 0 <= ny < side and 0 <= nx < side:
                        share = (1 - abs(from_x - nx)) * (1 - abs(from_y - ny))
                        out[:, y, x] += share * image[:, ny, nx]
    return out


def angles(images: Tensor) -> NDArray[np.float64]:
    """The rotation of each linear ramp, in degrees: what its slopes at the centre say."""
    middle = images.shape[-1] // 2
    across = images[:, 0, middle, middle] - images[:, 0, middle, middle - 1]
    down = images[:, 0, middle, middle] - images[:, 0, middle - 1, middle]
    return torch.atan2(-down, across).double().numpy() * 180 / np.pi


def ramps(n: int) -> Tensor:
    return torch.linspace(0.2, 0.9, 8).expand(n, 1, 8, 8).contiguous()


def test_a_rotation_by_no_angle_is_the_image() -> None:
    images = torch.rand(10, 3, 9, 9)
    found = random_rotation(images, 0.0, torch.Generator().manual_seed(0))
    torch.testing.assert_close(found, images, rtol=0, atol=1e-5)


@pytest.mark.parametrize("share", [-1.0, 1.0])
@pytest.mark.parametrize("side", [8, 9])
def test_a_quarter_turn_is_exact(share: float, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.rand(4, 3, side, side)
    turn_all(monkeypatch, share)
    found = random_rotation(images, 90.0, torch.Generator())
    torch.testing.assert_close(found, images.rot90(int(share), (2, 3)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("degrees", [-170.0, -25.0, 3.0, 25.0, 45.0, 100.0])
def test_any_rotation_is_the_one_done_pixel_by_pixel(
    degrees: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = torch.rand(3, 2, 8, 8)
    turn_all(monkeypatch, 1.0 if degrees > 0 else -1.0)
    found = random_rotation(images, abs(degrees), torch.Generator())
    expected = [rotated(image.double().numpy(), degrees) for image in images]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("degrees", [1.0, 25.0, 90.0])
def test_angles_are_uniform_up_to_the_largest_in_either_direction(degrees: float) -> None:
    n = 5_000
    found = angles(random_rotation(ramps(n), degrees, torch.Generator().manual_seed(0)))
    assert np.abs(found).max() <= degrees * 1.001
    below = np.linspace(-0.8, 0.8, 9)
    for share in below:
        expected = (share + 1) / 2
        limit = 5 * np.sqrt(expected * (1 - expected) / n)
        assert abs((found < share * degrees).mean() - expected) < limit


def test_what_is_turned_in_from_outside_is_black(monkeypatch: pytest.MonkeyPatch) -> None:
    turn_all(monkeypatch, 1.0)
    found = random_rotation(torch.ones(1, 3, 28, 28), 45.0, torch.Generator())
    assert found[0, :, 0, 0].tolist() == [0.0, 0.0, 0.0]
    assert found[0, :, 14, 14].tolist() == pytest.approx([1.0, 1.0, 1.0])
