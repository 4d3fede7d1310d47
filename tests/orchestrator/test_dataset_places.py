"""A prepared dataset takes the place of an earlier one, and of nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gensweep.trainables.datasets import folders, packing
from gensweep.trainables.datasets.arrays import Dataset, read_cache, write_cache
from gensweep.trainables.datasets.encoded import described, open_encoded
from gensweep.trainables.datasets.image_folder import ImageFolder
from gensweep.trainables.datasets.packing import pack
from gensweep.trainables.errors import DataError

Prepare = Callable[[Path], Path]


def write_pictures(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for kind in ("ape", "bee"):
            (folder / split / kind).mkdir(parents=True)
            pixels = rng.integers(256, size=(9, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / split / kind / "0.jpg")
    return folder


def arrays(data: Path) -> Path:
    images = np.zeros((2, 32, 32, 3), np.uint8)
    labels = np.zeros(2, np.int64)
    return write_cache(Dataset("cifar10", 10, images, labels, images, labels), data)


@pytest.fixture(params=["arrays", "pictures"])
def prepare(request: pytest.FixtureRequest, tmp_path: Path) -> Prepare:
    """Prepare a dataset below a data folder; return where it is to be."""
    if request.param == "arrays":
        return arrays
    raw = write_pictures(tmp_path / "raw")
    return lambda data: pack(ImageFolder(raw).pictures("pictures", 8), data, lambda _: None)


def tree(folder: Path) -> dict[str, Any]:
    """All that is there, but for locks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file()
        else os.path.realpath(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix != ".lock"
    }


def put_file(target: Path) -> None:
    target.write_text("mine")


def put_link(target: Path) -> None:
    (target.parent.parent / "disk").mkdir()
    target.symlink_to(target.parent.parent / "disk")


def put_images(target: Path) -> None:
    write_pictures(target)


def put_thesis(target: Path) -> None:
    target.mkdir()
    (target / "thesis.txt").write_text("mine")


def put_archive(target: Path) -> None:
    """Beside what looks like a dataset."""
    target.mkdir()
    (target / "dataset.json").write_text("{}")
    (target / "ILSVRC2012_img_train.tar").write_text("mine")


@pytest.mark.parametrize("put", [put_file, put_link, put_images, put_thesis, put_archive])
def test_what_is_no_dataset_is_refused_and_stays(
    prepare: Prepare, put: Callable[[Path], None], tmp_path: Path
) -> None:
    target = tmp_path / "data" / prepare(tmp_path / "data").name
    shutil.rmtree(target)
    put(target)
    before = tree(tmp_path)
    with pytest.raises(DataError) as error:
        prepare(tmp_path / "data")
    assert str(target) in str(error.value)
    assert tree(tmp_path) == before


def test_a_dataset_takes_the_place_of_an_earlier_one(prepare: Prepare, tmp_path: Path) -> None:
    first = prepare(tmp_path / "data")
    before = tree(first)
    assert prepare(tmp_path / "data") == first
    assert tree(first) == before
    assert [p for p in (tmp_path / "data").iterdir() if p.suffix != ".lock"] == [first]


def test_a_data_folder_that_is_a_file_is_what_is_complained_of(
    prepare: Prepare, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(DataError, match="data: is no folder"):
        prepare(tmp_path / "data")


def kill(*_: Any) -> None:
    raise KeyboardInterrupt


def test_what_is_killed_as_it_takes_the_place_is_there_with_the_next_call_and_old_ones_go(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of the two renames, and at the removal of the earlier dataset."""
    data = tmp_path / "data"
    target = prepare(data)
    before = tree(target)
    for step in range(3):
        count = iter(range(3))

        def counted(real: Callable[..., Any], step: int = step, count: Any = count) -> Any:
            return lambda *a, **k: kill() if next(count) == step else real(*a, **k)

        with monkeypatch.context() as patch:
            fake = SimpleNamespace(replace=counted(os.replace))
            patch.setattr(folders, "os", fake)
            removing = {"rmtree": counted(shutil.rmtree), "disk_usage": shutil.disk_usage}
            patch.setattr(folders, "shutil", SimpleNamespace(**removing))
            with pytest.raises(KeyboardInterrupt):
                prepare(data)
        assert prepare(data) == target
        assert tree(target) == before
        assert [p for p in data.iterdir() if p.suffix != ".lock"] == [target]


def test_packed_images_that_only_had_to_be_renamed_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = ImageFolder(write_pictures(tmp_path / "raw")).pictures("pictures", 8)
    with monkeypatch.context() as patch:
        patch.setattr(packing, "put_in_place", kill)
        with pytest.raises(KeyboardInterrupt):
            pack(pictures, tmp_path / "data", lambda _: None)
    shutil.rmtree(tmp_path / "raw")
    pack(pictures, tmp_path / "data", lambda _: None)
    assert len(open_encoded("pictures", tmp_path / "data").train) == 2


@pytest.mark.parametrize("file", ["train.journal", "test.journal", "origin", "dataset.json"])
@pytest.mark.parametrize("content", [b"garbage\n", b"\0\0\0\n", b"\xff", b"{}\n", b"[1]\n"])
def test_what_a_crash_left_of_an_arrival_is_no_matter(
    file: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ImageFolder(write_pictures(tmp_path / "raw"))
    whole = pack(folder.pictures("pictures", 8), tmp_path / "whole", lambda _: None)
    with monkeypatch.context() as patch:
        patch.setattr(packing, "_check", kill)
        with pytest.raises(KeyboardInterrupt):
            pack(folder.pictures("pictures", 8), tmp_path / "data", lambda _: None)
    (tmp_path / "data" / ".pictures-arriving" / file).write_bytes(content)
    packed = pack(folder.pictures("pictures", 8), tmp_path / "data", lambda _: None)
    assert tree(packed) == tree(whole)


@pytest.mark.parametrize("key", ["view", "origin", "digest", "classes", "files", "train", "test"])
def test_a_description_that_lacks_something_is_said_with_what_helps(
    key: str, tmp_path: Path
) -> None:
    folder = ImageFolder(write_pictures(tmp_path / "raw"))
    packed = pack(folder.pictures("pictures", 8), tmp_path / "data", lambda _: None)
    about = packed / "dataset.json"
    about.write_text(about.read_text().replace(f'"{key}"', '"other"', 1))
    with pytest.raises(DataError) as error:
        described("pictures", tmp_path / "data")
    assert f"without {key}" in str(error.value)
    assert f"remove {packed}, and launch again" in str(error.value)
    assert "gensweep data prepare" not in str(error.value)


def test_built_in_datasets_are_prepared_by_their_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run `gensweep data prepare cifar10`"):
        read_cache("cifar10", tmp_path)
