"""Whatever form CIFAR-10 comes in, the same arrays are kept, and nothing else ever is."""

from __future__ import annotations

import io
import pickle
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from gensweep.orchestrator.prepare import prepare
from gensweep.trainables.datasets import cifar10, load
from gensweep.trainables.datasets.arrays import Dataset, digest
from gensweep.trainables.errors import DataError

BATCHES = [f"data_batch_{i}" for i in range(1, 6)]
ROWS = 3  # of a batch


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A dataset of noise that is the official one for the time of a test."""
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(6 * ROWS, 32, 32, 3), dtype=np.uint8)
    labels = rng.integers(10, size=6 * ROWS)
    split = 5 * ROWS
    made = Dataset("cifar10", 10, images[:split], labels[:split], images[split:], labels[split:])
    digests = {
        "train_images": digest(made.train_images),
        "train_labels": digest(made.train_labels.astype(np.uint8)),
        "test_images": digest(made.test_images),
        "test_labels": digest(made.test_labels.astype(np.uint8)),
    }
    monkeypatch.setattr(cifar10, "DIGESTS", digests)
    return made


def pickled(images: np.ndarray, labels: np.ndarray) -> bytes:
    """A batch as published: rows of 1024 red, 1024 green and 1024 blue pixels, by an old NumPy."""
    rows = np.stack([image[:, :, channel].ravel() for image in images for channel in range(3)])
    batch = {b"data": rows.reshape(len(images), 3072), b"labels": labels.tolist()}
    return pickle.dumps(batch, protocol=3).replace(b"cnumpy._core.", b"cnumpy.core.")


def as_folder(made: Dataset, folder: Path) -> Path:
    inner = folder / "cifar-10-batches-py"
    inner.mkdir(parents=True)
    for i, name in enumerate(BATCHES):
        part = slice(i * ROWS, (i + 1) * ROWS)
        (inner / name).write_bytes(pickled(made.train_images[part], made.train_labels[part]))
    (inner / "test_batch").write_bytes(pickled(made.test_images, made.test_labels))
    (inner / "readme.html").write_text("about")
    return folder


def as_archive(made: Dataset, folder: Path) -> Path:
    path = folder / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(
            as_folder(made, folder / "unpacked") / "cifar-10-batches-py", "cifar-10-batches-py"
        )
    shutil.rmtree(folder / "unpacked")
    return path


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def as_parquet(made: Dataset, folder: Path) -> Path:
    inner = folder / "plain_text"
    inner.mkdir(parents=True)
    half = 2 * ROWS
    for name, images, labels in (
        ("train-00000-of-00002", made.train_images[:half], made.train_labels[:half]),
        ("train-00001-of-00002", made.train_images[half:], made.train_labels[half:]),
        ("test-00000-of-00001", made.test_images, made.test_labels),
    ):
        cells = [{"bytes": png(image), "path": None} for image in images]
        pq.write_table(pa.table({"img": cells, "label": labels}), inner / f"{name}.parquet")
    return folder


FORMS = pytest.mark.parametrize("form", [as_folder, as_archive, as_parquet])


@FORMS
def test_every_form_is_read_identically(
    official: Dataset, tmp_path: Path, form: Callable[[Dataset, Path], Path]
) -> None:
    (tmp_path / "source").mkdir()
    source = form(official, tmp_path / "source")
    folder = prepare("cifar10", tmp_path / "data", source)
    assert folder == tmp_path / "data" / "cifar10"
    found = load("cifar10", tmp_path / "data")
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        array, expected = getattr(found, name), getattr(official, name)
        assert array.dtype == expected.dtype
        np.testing.assert_array_equal(array, expected)
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["cifar10"]


@FORMS
@pytest.mark.parametrize("what", ["train_images", "train_labels", "test_images", "test_labels"])
def test_what_is_not_official_is_refused_and_nothing_is_written(
    official: Dataset, tmp_path: Path, form: Callable[[Dataset, Path], Path], what: str
) -> None:
    array = getattr(official, what).copy()
    array[-1] = (array[-1] + 1) % 10
    changed = Dataset(**{**vars(official), what: array})
    (tmp_path / "source").mkdir()
    source = form(changed, tmp_path / "source")
    said = f"the {what.replace('_', ' ')} are not the official ones"
    with pytest.raises(DataError, match=said):
        prepare("cifar10", tmp_path / "data", source)
    assert not (tmp_path / "data").exists()


def test_a_failed_preparation_leaves_the_earlier_one(official: Dataset, tmp_path: Path) -> None:
    prepare("cifar10", tmp_path / "data", as_folder(official, tmp_path / "good"))
    swapped = Dataset(**{**vars(official), "train_images": official.train_images[::-1]})
    with pytest.raises(DataError):
        prepare("cifar10", tmp_path / "data", as_folder(swapped, tmp_path / "bad"))
    np.testing.assert_array_equal(
        load("cifar10", tmp_path / "data").train_images, official.train_images
    )


class Malice:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("packed", [False, True])
def test_a_malicious_batch_is_refused_and_never_runs(
    official: Dataset, tmp_path: Path, packed: bool
) -> None:
    target = tmp_path / "it ran"
    code = pickle.dumps({b"data": Malice(target), b"labels": [0]}, protocol=3)
    pickle.loads(code)
    assert target.exists()  # it would have run
    target.unlink()
    source = as_folder(official, tmp_path / "source")
    (source / "cifar-10-batches-py" / "data_batch_1").write_bytes(code)
    if packed:
        with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
            archive.add(source, "x")
        source = tmp_path / "a.tar.gz"
    with pytest.raises(DataError, match="has no place in a CIFAR-10 batch"):
        prepare("cifar10", tmp_path / "data", source)
    assert not target.exists()
    assert not (tmp_path / "data").exists()


def test_a_path_that_is_not_there_is_a_data_error_that_says_what_is_read(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"no such file or folder; cifar-10-python\.tar\.gz"
    ) as caught:
        prepare("cifar10", tmp_path / "data", tmp_path / "no")
    assert caught.value.where == str(tmp_path / "no")


@pytest.mark.parametrize("kind", ["empty", "text", "half", "cut", "zip"])
def test_an_unknown_or_damaged_form_is_a_data_error_and_nothing_is_written(
    official: Dataset, tmp_path: Path, kind: str
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    if kind == "half":
        (as_folder(official, source) / "cifar-10-batches-py" / "data_batch_3").unlink()
    elif kind == "cut":
        source = as_archive(official, source)
        source.write_bytes(source.read_bytes()[:-2000])
    elif kind != "empty":
        source = source / f"cifar.{kind}"
        source.write_bytes(b"PK\x03\x04 not a form of CIFAR-10")
    with pytest.raises(DataError) as caught:
        prepare("cifar10", tmp_path / "data", source)
    assert caught.value.where == str(source)
    assert "Parquet" in caught.value.allowed
    assert not (tmp_path / "data").exists()


def test_an_unreachable_internet_is_a_data_error_that_names_the_other_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(folder: Path) -> Dataset:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(cifar10, "download", download)
    with pytest.raises(DataError, match="Network is unreachable") as caught:
        prepare("cifar10", tmp_path / "data")
    assert "--from PATH" in caught.value.todo
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["digits", "synthetic"])
def test_what_is_built_in_needs_no_preparation(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="needs no preparation"):
        prepare(name, tmp_path, None)


def test_the_limit_of_a_batch_is_not_that_of_its_archive(
    official: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = as_folder(official, tmp_path / "raw")
    archive = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder / "cifar-10-batches-py", "cifar-10-batches-py")
    batches = [*(folder / "cifar-10-batches-py").glob("*_batch*")]
    largest = max(path.stat().st_size for path in batches)
    assert sum(path.stat().st_size for path in batches) > 5 * largest
    monkeypatch.setattr(cifar10, "_MOST_BYTES", largest)
    prepare("cifar10", tmp_path / "data", archive)
    assert np.array_equal(load("cifar10", tmp_path / "data").train_images, official.train_images)
    monkeypatch.setattr(cifar10, "_MOST_BYTES", largest - 1)
    for source in (archive, folder):
        with pytest.raises(DataError, match=f"has more than {largest - 1} bytes"):
            prepare("cifar10", tmp_path / "other", source)
