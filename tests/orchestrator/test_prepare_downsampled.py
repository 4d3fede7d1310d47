"""ImageNet at 32x32 and 64x64 pixels, of which no test has more than forty images."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from gensweep.orchestrator.prepare import prepare
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.training import fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS, load
from gensweep.trainables.errors import DataError
from gensweep.trainables.records import Ended, Epoch

TRAIN, TEST, CLASSES = 40, 12, 8


@pytest.fixture(params=["imagenet32", "imagenet64"])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    source = replace(DATASETS[request.param], train=TRAIN, test=TEST, classes=CLASSES)
    monkeypatch.setitem(DATASETS, request.param, source)
    return str(request.param)


def images_of(name: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Training images, then test images, and their labels."""
    rng, side = np.random.default_rng(0), DATASETS[name].size
    images = rng.integers(256, size=(TRAIN + TEST, side, side, 3), dtype=np.uint8)
    return images, np.arange(TRAIN + TEST) % CLASSES


def as_batches(name: str, folder: Path) -> Path:
    images, labels = images_of(name)
    rows = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    cuts = [*range(0, TRAIN + 1, 4), TRAIN + TEST]
    names = [*(f"train_data_batch_{i}.npz" for i in range(1, 11)), "val_data.npz"]
    (folder / "inner").mkdir(parents=True)
    for file, start, end in zip(names, cuts[:-1], cuts[1:], strict=True):
        batch = {"data": rows[start:end], "labels": labels[start:end] + 1}
        np.savez(folder / "inner" / file, mean=rows[0].astype(float), **batch)
    return folder


def as_parquet(name: str, folder: Path) -> Path:
    images, labels = images_of(name)
    folder.mkdir(parents=True)
    for file, part in (
        ("train-00000-of-00001", slice(0, TRAIN)),
        ("validation-00000-of-00001", slice(TRAIN, None)),
        ("test-00000-of-00001", slice(0, 3)),  # whose labels are not known
    ):
        cells = []
        for image in images[part]:
            file_ = io.BytesIO()
            Image.fromarray(image).save(file_, "PNG")
            cells.append({"bytes": file_.getvalue(), "path": None})
        table = pa.table({"image": cells, "label": labels[part]})
        pq.write_table(table, folder / f"{file}.parquet")
    return folder


FORMS = pytest.mark.parametrize("form", [as_batches, as_parquet])


@FORMS
def test_every_form_is_read_identically_and_its_digests_are_kept(
    name: str, form: Callable[[str, Path], Path], tmp_path: Path
) -> None:
    prepare(name, tmp_path / "data", form(name, tmp_path / "source"))
    found = load(name, tmp_path / "data")
    images, labels = images_of(name)
    assert np.array_equal(found.train_images, images[:TRAIN])
    assert np.array_equal(found.test_images, images[TRAIN:])
    assert np.array_equal(found.train_labels, labels[:TRAIN])
    assert np.array_equal(found.test_labels, labels[TRAIN:])
    assert found.classes == CLASSES
    about = json.loads((tmp_path / "data" / name / "dataset.json").read_text("utf-8"))
    assert len({about[f"{split}_images"] for split in ("train", "test")}) == 2


def test_the_papers_networks_train_on_it(name: str, tmp_path: Path) -> None:
    prepare(name, tmp_path, as_batches(name, tmp_path / "source"))
    trial = ClassifierTrial(model="alexnet", dataset=name, epochs=1, crop=True, batch_size=20)
    engine = EagerEngine([trial], tmp_path, torch.device("cpu"))
    *_, epoch, _, ended = (record for _, record in fit([trial], engine, lambda: False))
    assert isinstance(epoch, Epoch)
    assert isinstance(ended, Ended)
    assert epoch.train_top5_error is not None
    assert epoch.train_top5_error <= epoch.train_error


def _without(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "inner" / file).unlink()


def _with(file: str, **arrays: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "inner" / file
        with np.load(path) as batch:
            np.savez(path, **{**{name: batch[name] for name in ("data", "labels")}, **arrays})

    return change


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "a batch is missing": (_without("train_data_batch_7.npz"), "no train_data_batch_7.npz"),
    "no validation set": (_without("val_data.npz"), "no val_data.npz"),
    "another size": (
        _with("train_data_batch_2.npz", data=np.zeros((4, 300), np.uint8)),
        "holds no images of",
    ),
    "floats": (
        _with("train_data_batch_2.npz", data=np.zeros((4, 3072))),
        "holds no images of",
    ),
    "a label of 0": (_with("train_data_batch_1.npz", labels=np.zeros(4, int)), "labels 0 to 7"),
    "a class too many": (_with("val_data.npz", labels=np.full(TEST, 9)), "labels 0 to 7"),
    "objects": (_with("val_data.npz", labels=np.array([{}] * TEST)), "allow_pickle=False"),
    "no zip": (
        lambda folder: (folder / "inner" / "val_data.npz").write_bytes(b"no"),
        "not a zip file",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_written(
    name: str, wrong: str, tmp_path: Path
) -> None:
    source = as_batches(name, tmp_path / "source")
    change, said = WRONG[wrong]
    change(source)
    with pytest.raises(DataError, match=said) as caught:
        prepare(name, tmp_path / "data", source)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "data").glob("*")) == list((tmp_path / "data").glob(".*")) == []


@pytest.mark.parametrize(("count", "said"), [(TRAIN - 1, "40 train"), (TRAIN + 1, "40 train")])
def test_more_or_fewer_images_than_published_are_refused(
    name: str, count: int, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = as_batches(name, tmp_path / "source")
    monkeypatch.setitem(DATASETS, name, replace(DATASETS[name], train=count))
    with pytest.raises(DataError, match=f"there are {said} images; {count} of them"):
        prepare(name, tmp_path / "data", source)


def test_a_disk_that_is_too_small_is_seen_before_anything_is_written(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = as_batches(name, tmp_path / "source")
    monkeypatch.setitem(DATASETS, name, replace(DATASETS[name], train=10**12))
    with pytest.raises(DataError, match=f"GB free, and {name} takes"):
        prepare(name, tmp_path / "data", source)


def test_only_registered_users_can_download_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"image-net.org .* --from PATH"):
        prepare(name, tmp_path / "data")
