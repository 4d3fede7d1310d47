"""Distortions against the slow path, from the same resized images."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensweep.trainables.classifier.streaming import colors
from gensweep.trainables.classifier.streaming.distortion import COLUMNS, Distortion
from gensweep.trainables.classifier.streaming.finishing import finish, layout

SIDE = 23
TOLERANCE = 1e-5  # of inputs in [-1, 1]


def images(n: int) -> Tensor:
    """Many colours, with greys, black, white and two equal channels among them."""
    made = torch.randint(0, 256, (n, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(0))
    made[:, :, 0, :4] = torch.tensor([0, 255, 77, 78])
    made[:, 1, 1] = made[:, 2, 1]
    made[:, 0, 2] = made[:, 1, 2]
    made[:, :, 3] //= 16  # becomes negative in the dark
    return made.to(torch.uint8).contiguous(memory_format=torch.channels_last)


def rows(distortion: Distortion, n: int) -> NDArray[np.float32]:
    return np.stack([distortion.draw(index, SIDE, SIDE)[1] for index in range(n)])


def finished(given: Tensor, drawn: NDArray[np.float32], distortion: Distortion | None) -> Tensor:
    out = torch.empty(given.shape, memory_format=layout(distortion))
    finish(given.clone(), drawn, distortion, out)
    return out


@pytest.mark.parametrize(
    "options",
    [
        {"flip": True},
        {"color": True},
        {"rotation": 25.0},
        {"flip": True, "color": True, "rotation": 170.0},
    ],
    ids=lambda options: "+".join(options),
)
def test_distortions_are_those_of_the_slow_path(
    options: dict[str, float], reference: ModuleType
) -> None:
    distortion = Distortion(1, 2, **options)
    given, drawn = images(12), rows(distortion, 12)
    found = finished(given, drawn, distortion)
    expected = [
        reference.finished(image.numpy() / 255.0, row, distortion)
        for image, row in zip(given, drawn, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("order", range(4))
@pytest.mark.parametrize("alone", ["brightness", "saturation", "hue", "contrast", None])
def test_each_colour_is_that_of_the_slow_path_in_each_order(
    order: int, alone: str | None, reference: ModuleType
) -> None:
    given, drawn = images(4), rows(Distortion(3, 4), 4)
    drawn[:, COLUMNS.index("order")] = order
    neutral = {"brightness": 0.0, "saturation": 1.0, "hue": 0.0, "contrast": 1.0}
    extreme = {"brightness": -32 / 255, "saturation": 1.5, "hue": 0.2, "contrast": 1.5}
    for name, value in neutral.items():
        column = drawn[:, COLUMNS.index(name)]
        column[0] = extreme[name]
        column[:] = column if alone in (name, None) else value
    found = finished(given, drawn, Distortion(3, 4, color=True))
    for image, row, inputs in zip(given, drawn, found, strict=True):
        expected = reference.finished(image.numpy() / 255.0, row, Distortion(3, 4, color=True))
        np.testing.assert_allclose(inputs, expected, rtol=0, atol=TOLERANCE)


def test_without_distortions_inputs_are_scaled_pixels() -> None:
    given = images(3)
    for distortion in (None, Distortion(0, 1), Distortion(0, 1, crop=True)):
        found = finished(given, rows(Distortion(0, 1), 3), distortion)
        expected = (given.double() / 255.0 - 0.5) * 2.0
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-6)


def test_black_is_minus_one_and_white_is_at_most_one() -> None:
    given = images(1)
    given[:, :, 5], given[:, :, 6] = 0, 255
    found = finished(given, rows(Distortion(0, 1), 1), None)
    assert (found[:, :, 5] == -1.0).all()
    assert 1.0 - 2e-7 <= found[:, :, 6].min() <= found.max() <= 1.0


def test_outside_a_rotated_image_is_black_whatever_its_colours() -> None:
    distortion = Distortion(0, 1, color=True, rotation=45.0)
    drawn = rows(distortion, 8)
    drawn[:, COLUMNS.index("cos") :] = np.sqrt(0.5)
    found = finished(torch.full((8, 3, SIDE, SIDE), 200, dtype=torch.uint8), drawn, distortion)
    assert (found[:, :, 0, 0] == -1.0).all()
    assert (found[:, :, SIDE // 2, SIDE // 2] > -1.0).all()


def test_a_whole_batch_has_the_bits_of_its_images_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a GPU, where the mean is exact."""
    monkeypatch.setattr(colors, "channel_mean", colors.exact_mean)
    distortion = Distortion(5, 6, flip=True, color=True, rotation=20.0)
    given, drawn = images(40), rows(distortion, 40)
    whole = finished(given, drawn, distortion)
    for i in range(40):
        alone = finished(given[i : i + 1], drawn[i : i + 1], distortion)
        assert torch.equal(whole[i : i + 1], alone)


def test_the_exact_mean_is_the_mean_in_any_order() -> None:
    values = torch.rand(4, 3, 50, 50, generator=torch.Generator().manual_seed(0)) * 600 - 200
    found = colors.exact_mean(values)
    torch.testing.assert_close(found, values.mean((2, 3), keepdim=True), rtol=0, atol=1e-4)
    mixed = values.flatten(2)[:, :, torch.randperm(2500)].view_as(values)
    assert torch.equal(colors.exact_mean(mixed), found)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
def test_a_gpu_does_the_same() -> None:
    distortion = Distortion(5, 6, flip=True, color=True, rotation=20.0)
    given, drawn = images(40), rows(distortion, 40)
    out = torch.empty(given.shape, device="cuda")
    finish(given.cuda(), drawn, distortion, out)
    torch.testing.assert_close(out.cpu(), finished(given, drawn, distortion), rtol=0, atol=1e-4)
    alone = torch.empty(1, *given.shape[1:], device="cuda")
    finish(given[7:8].cuda(), drawn[7:8], distortion, alone)
    assert torch.equal(out[7:8], alone)
