from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gensweep.trainables.classifier.regularizers import (
    augment,
    augments,
    random_crop,
    random_flip,
    random_rotation,
)
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.preprocessing import center_crop

Tiny = Callable[..., ClassifierTrial]
Augmentation = Callable[[Tensor, torch.Generator], Tensor]

AUGMENTATIONS: dict[str, Augmentation] = {
    "crop": lambda images, generator: random_crop(images, 8, generator),
    "flip": random_flip,
    "rotation": lambda images, generator: random_rotation(images, 25.0, generator),
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def coded(n: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Equal images (n, 3, 12, 12) of which every position has a value of its own."""
    positions = torch.arange(144).view(1, 12, 12)
    return torch.cat([positions, positions + 1, positions + 2]).to(dtype).repeat(n, 1, 1, 1)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_a_random_crop_is_a_window_of_the_image_without_padding(dtype: torch.dtype) -> None:
    images = coded(200, dtype)
    crops = random_crop(images, 8, seeded())
    assert crops.dtype == dtype
    for crop, image in zip(crops, images, strict=True):
        top, left = divmod(int(crop[0, 0, 0]), 12)
        assert torch.equal(crop, image[:, top : top + 8, left : left + 8])


def test_random_crops_are_at_all_positions_alike() -> None:
    crops = random_crop(coded(10_000), 8, seeded())
    positions, counts = crops[:, 0, 0, 0].unique(return_counts=True)
    assert positions.tolist() == [12 * top + left for top in range(5) for left in range(5)]
    assert (counts - 400).abs().max() < 5 * 400**0.5


def test_a_crop_of_the_whole_image_is_the_image() -> None:
    images = torch.rand(5, 3, 8, 8)
    assert torch.equal(random_crop(images, 8, seeded()), images)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_half_of_the_images_are_mirrored_left_and_right(dtype: torch.dtype) -> None:
    images = (torch.rand(10_000, 3, 2, 3) * 255).to(dtype)
    flipped = random_flip(images, seeded())
    assert flipped.dtype == dtype
    mirrored = images[:, :, :, [2, 1, 0]]
    kept = (flipped == images).flatten(1).all(1)
    turned = (flipped == mirrored).flatten(1).all(1)
    assert (kept | turned).all()
    assert abs(int(turned.sum()) - 5_000) < 5 * 50 + int((kept & turned).sum())


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_every_image_is_drawn_for_anew(name: str) -> None:
    augmented = AUGMENTATIONS[name](coded(64), seeded())
    different = {image.numpy().tobytes() for image in augmented}
    assert len(different) >= {"crop": 15, "flip": 2, "rotation": 64}[name]


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentation_is_decided_by_its_generator_alone(name: str) -> None:
    augmentation, images = AUGMENTATIONS[name], torch.rand(32, 3, 12, 12)
    torch.manual_seed(1)
    one = augmentation(images, seeded(5))
    torch.manual_seed(2)
    process_wide = torch.get_rng_state()
    assert torch.equal(augmentation(images, seeded(5)), one)
    assert not torch.equal(augmentation(images, seeded(6)), one)
    assert torch.equal(torch.get_rng_state(), process_wide)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_images_are_augmented_anew_every_time_and_left_alone(name: str) -> None:
    images = torch.rand(32, 3, 12, 12)
    before, generator = images.clone(), seeded()
    first = AUGMENTATIONS[name](images, generator)
    assert not torch.equal(AUGMENTATIONS[name](images, generator), first)
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    ("settings", "does"),
    [
        ({}, False),
        ({"weight_decay": 0.1, "dropout": 0.5}, False),
        ({"crop": True}, True),
        ({"flip": True}, True),
        ({"rotation": 25}, True),
    ],
)
def test_only_crop_flip_and_rotation_augment(
    settings: dict[str, float], does: bool, tiny: Tiny
) -> None:
    assert augments(tiny(**settings)) is does


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_without_augmentation_a_batch_is_its_centre_in_the_unit_range(
    dtype: torch.dtype, tiny: Tiny
) -> None:
    images = coded(4, dtype)
    scale = 255.0 if dtype == torch.uint8 else 1.0
    found = augment(images, tiny(), seeded())
    torch.testing.assert_close(found, center_crop(images, 8).float() / scale)


def test_a_trials_augmentation_is_crop_then_flip_then_rotation(tiny: Tiny) -> None:
    images = (torch.rand(64, 3, 12, 12) * 255).to(torch.uint8)
    generator = seeded(3)
    expected = random_crop(images, 8, generator).float() / 255.0
    expected = random_flip(expected, generator)
    expected = random_rotation(expected, 25.0, generator)
    found = augment(images, tiny(crop=True, flip=True, rotation=25), seeded(3))
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)
