"""MNIST is read from its raw files, wherever above them one points."""

from __future__ import annotations

import io
import shutil
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from gensweep.orchestrator.prepare import prepare
from gensweep.trainables.datasets import load, mnist
from gensweep.trainables.errors import DataError

COUNTS = {"train": 6, "test": 4}
PREFIXES = {"train": "train", "test": "t10k"}


def idx(array: np.ndarray) -> bytes:
    """The format of the published files: type and rank, big-endian sizes, bytes."""
    header = struct.pack(">HBB", 0, 8, array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()


def write(folder: Path, counts: dict[str, int]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    made = {}
    for split, count in counts.items():
        images = rng.integers(256, size=(count, 28, 28), dtype=np.uint8)
        labels = np.arange(count) % 10
        prefix = PREFIXES[split]
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels))
        made[split] = (images, labels)
    return made


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "_COUNTS", COUNTS)


@pytest.mark.parametrize("above", [".", "MNIST", "MNIST/raw"])
def test_the_raw_files_come_back_as_arrays(tmp_path: Path, above: str) -> None:
    made = write(tmp_path / "source" / "MNIST" / "raw", COUNTS)
    prepare("mnist", tmp_path / "data", tmp_path / "source" / above)
    found = load("mnist", tmp_path / "data")
    for split, (images, labels) in made.items():
        array, given = getattr(found, f"{split}_images"), getattr(found, f"{split}_labels")
        assert (array.dtype, given.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(array, images[..., None])
        np.testing.assert_array_equal(given, labels)
    assert found.classes == 10


def test_any_folder_name_will_do_where_it_is_given_itself(tmp_path: Path) -> None:
    write(tmp_path / "my copy", COUNTS)
    prepare("mnist", tmp_path / "data", tmp_path / "my copy")
    assert load("mnist", tmp_path / "data").train_images.shape == (6, 28, 28, 1)


def test_parquet_files_of_grey_images_are_read_too(tmp_path: Path) -> None:
    made = write(tmp_path / "raw", COUNTS)
    for split, (images, labels) in made.items():
        cells = [{"bytes": png(image), "path": None} for image in images]
        table = pa.table({"image": cells, "label": labels})
        pq.write_table(table, tmp_path / f"{split}-00000-of-00001.parquet")
    shutil.rmtree(tmp_path / "raw")
    prepare("mnist", tmp_path / "data", tmp_path)
    found = load("mnist", tmp_path / "data")
    for split, (images, labels) in made.items():
        np.testing.assert_array_equal(getattr(found, f"{split}_images"), images[..., None])
        np.testing.assert_array_equal(getattr(found, f"{split}_labels"), labels)


def test_another_number_of_images_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    write(tmp_path / "raw", {"train": 6, "test": 5})
    with pytest.raises(DataError, match=r"test images are \(5, 28, 28\)"):
        prepare("mnist", tmp_path / "data", tmp_path / "raw")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("missing", ["t10k-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_a_missing_companion_is_a_data_error(tmp_path: Path, missing: str) -> None:
    write(tmp_path / "raw", COUNTS)
    (tmp_path / "raw" / missing).unlink()
    with pytest.raises(DataError, match="cannot be read as mnist") as caught:
        prepare("mnist", tmp_path / "data", tmp_path / "raw")
    assert "three companions" in caught.value.allowed


def test_a_damaged_file_is_a_data_error(tmp_path: Path) -> None:
    write(tmp_path / "raw", COUNTS)
    path = tmp_path / "raw" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match="cannot be read as mnist"):
        prepare("mnist", tmp_path / "data", tmp_path / "raw")
    assert not (tmp_path / "data").exists()


def test_a_folder_without_mnist_is_a_data_error_that_says_what_is_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no mnist; a folder with train-images-idx3-ubyte"):
        prepare("mnist", tmp_path / "data", tmp_path)
    assert list(tmp_path.iterdir()) == []
