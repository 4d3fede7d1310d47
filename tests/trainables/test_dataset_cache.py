from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gensweep.trainables.datasets.arrays import (
    Dataset,
    check_digests,
    digest,
    read_cache,
    write_cache,
)
from gensweep.trainables.errors import DataError

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


@pytest.fixture
def dataset(synthetic: Dataset) -> Dataset:
    return replace(synthetic, name="kept")


@pytest.mark.parametrize("array", ARRAYS)
def test_what_is_written_is_what_is_read(dataset: Dataset, tmp_path: Path, array: str) -> None:
    write_cache(dataset, tmp_path)
    found, written = getattr(read_cache("kept", tmp_path), array), getattr(dataset, array)
    assert np.array_equal(found, written)
    assert found.dtype == written.dtype


def test_name_and_classes_are_kept(dataset: Dataset, tmp_path: Path) -> None:
    write_cache(dataset, tmp_path / "made" / "on the way")
    found = read_cache("kept", tmp_path / "made" / "on the way")
    assert (found.name, found.classes) == ("kept", 10)


def test_arrays_are_mapped_and_cannot_be_written_to(dataset: Dataset, tmp_path: Path) -> None:
    write_cache(dataset, tmp_path)
    images = read_cache("kept", tmp_path).train_images
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable


def test_writing_again_replaces_all_and_leaves_nothing_behind(
    dataset: Dataset, tmp_path: Path
) -> None:
    folder = write_cache(dataset, tmp_path)
    (folder / "stray.npy").touch()
    opened_before = read_cache("kept", tmp_path)
    inverted = replace(dataset, train_images=255 - dataset.train_images)
    write_cache(inverted, tmp_path)
    assert np.array_equal(read_cache("kept", tmp_path).train_images, inverted.train_images)
    assert np.array_equal(opened_before.train_images, dataset.train_images)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert {path.name for path in folder.iterdir()} == {
        "dataset.json",
        *(f"{array}.npy" for array in ARRAYS),
    }


def test_a_write_that_fails_midway_keeps_what_was_there(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cache(dataset, tmp_path)

    def full_disk(path: Path, array: np.ndarray) -> None:
        if path.name == "test_images.npy":
            raise OSError("No space left on device")
        path.touch()

    monkeypatch.setattr(np, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_cache(replace(dataset, train_images=255 - dataset.train_images), tmp_path)
    assert np.array_equal(read_cache("kept", tmp_path).train_images, dataset.train_images)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_other_users_may_read_a_cache(dataset: Dataset, tmp_path: Path) -> None:
    assert write_cache(dataset, tmp_path).stat().st_mode & 0o777 == 0o755


def test_a_missing_dataset_is_an_error_with_the_commands_that_bring_it(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_cache("cifar10", tmp_path)
    message = str(caught.value)
    assert message.startswith(f"dataset cifar10: is not there in {tmp_path};")
    assert "`gensweep data prepare cifar10`" in message
    assert "`gensweep data prepare cifar10 --from PATH`" in message
    assert "--data or GENSWEEP_DATA" in message


def _without_classes(folder: Path) -> None:
    (folder / "dataset.json").write_text(json.dumps({"format": 1, "name": "kept"}))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no description": lambda folder: (folder / "dataset.json").unlink(),
    "half a description": lambda folder: (folder / "dataset.json").write_text('{"format": 1, "na'),
    "another description": lambda folder: (folder / "dataset.json").write_text("[]"),
    "binary description": lambda folder: (folder / "dataset.json").write_bytes(b"\xff\xfe\x00"),
    "no classes": _without_classes,
    "later format": lambda folder: (folder / "dataset.json").write_text('{"format": 2}'),
    "lost array": lambda folder: (folder / "test_labels.npy").unlink(),
    "empty array": lambda folder: (folder / "train_images.npy").write_bytes(b""),
    "half an array": lambda folder: (folder / "train_images.npy").write_bytes(
        (folder / "train_images.npy").read_bytes()[:1000]
    ),
    "no array at all": lambda folder: (folder / "train_images.npy").write_text("<html>"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_is_an_error_with_the_command_that_repairs_it(
    dataset: Dataset, tmp_path: Path, damage: str
) -> None:
    DAMAGE[damage](write_cache(dataset, tmp_path))
    with pytest.raises(DataError, match="run `gensweep data prepare kept`"):
        read_cache("kept", tmp_path)


def test_a_digest_is_of_the_values_in_c_order() -> None:
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    of_all_values = "fff3a9bcdd37363d703c1c4f9512533686157868f0d4f16a0f02d0f1da24f9a2"
    assert digest(array) == of_all_values
    assert digest(np.asfortranarray(array)) == of_all_values
    assert digest(array[:, ::-1]) != of_all_values


def test_a_digest_that_differs_is_an_error_that_names_the_array() -> None:
    array = np.arange(12, dtype=np.uint8)
    check_digests("kept", {"images": (array, digest(array))})
    with pytest.raises(DataError, match="dataset kept: the images are not the official ones"):
        check_digests("kept", {"images": (array[::-1], digest(array))})
