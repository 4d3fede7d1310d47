"""A folder of images that a sweep file names: [dataset.NAME]."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gensweep.analysis.database.connection import Database
from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.launch import Launch
from gensweep.orchestrator.own_datasets import bring
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.remaining import LaunchOutcome
from gensweep.orchestrator.spec import read_spec
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.merging import merge
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.orchestrator.sweep import Override, OwnDataset, SweepSpec
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import DataError

SWEEP = """
name = "cells"
[dataset.cells]
folder = "pictures"
view = 8
[defaults]
dataset = "cells"
epochs = 2
batch_size = 5
[[grid]]
model = "mlp_1x512"
randomization = ["true_labels", "random_labels"]
flip = true
"""
Recorder = Any

pytestmark = pytest.mark.usefixtures("forget_datasets")


def write_pictures(folder: Path, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    for split, count in (("train", 4), ("val", 2)):
        for kind in ("blood", "nerve", "skin"):
            (folder / split / kind).mkdir(parents=True, exist_ok=True)
            for n in range(count):
                pixels = rng.integers(256, size=(12, 16 + n, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / split / kind / f"{n}.jpg")


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    write_pictures(tmp_path / "pictures")
    (tmp_path / "cells.toml").write_text(SWEEP)
    return tmp_path / "cells.toml"


def launched(sweep: Path, results: str, display: Recorder) -> LaunchOutcome:
    spec = read_spec(sweep)
    planned = plan(spec)
    store = Store.create(sweep.parent / results)
    return Launch(spec, planned, store, sweep.parent / "data").run(planned, display)


def test_classes_and_counts_are_those_of_the_folder(sweep: Path) -> None:
    (first, _) = plan(read_spec(sweep))
    source = DATASETS["cells"]
    assert (source.classes, source.train, source.test, source.view) == (3, 12, 6, 8)
    assert first.trial.epoch_of(3) == 1


def test_the_folder_is_meant_from_where_the_file_is(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for path in (sweep, Path("..") / sweep.name):
        assert read_spec(path).datasets["cells"].folder == tmp_path / "pictures"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('folder = "pictures"', "", "cells.toml:3: dataset.cells.folder: is missing"),
        ('folder = "pictures"', "folder = 3", "cells.toml:4: dataset.cells.folder: 3 is not valid"),
        ('"pictures"', f'"{"x" * 300}"', "dataset.cells.folder: /"),
        ('"pictures"', '"~nobody-is-called-so/x"', "x does not exist; a folder"),
        ('"pictures"', '"cells.toml"', "cells.toml is not a folder; a folder with train/CLASS"),
        ("view = 8", "view = 0", "dataset.cells.view: 0 is not valid; a whole number of pixels"),
        ("view = 8", "", "dataset.cells.view: is missing; a whole number of pixels"),
        ("view = 8", "view = 8\nsize = 3", "cells.toml:6: dataset.cells.size: unknown key 'size'"),
        ("[dataset.cells]", "[dataset.cifar10]", "dataset.cifar10: is a built-in dataset; ano"),
        ("[dataset.cells]", "[dataset.'../up']", "dataset.../up: is not a name for a dataset"),
        ("[dataset.cells]", "[dataset]\ncells = 3\n[x]", "dataset.cells: is not a table"),
        ('"pictures"', '"nowhere"', "cells.toml:4: dataset.cells.folder: /"),
        ('"pictures"', '"pictures/train"', "/pictures/train has no folder train; a folder"),
        ('dataset = "cells"', 'dataset = "sells"', "unknown dataset 'sells'; did you mean 'cells'"),
        ("flip = true", "crop = true\ncolor = true", ""),
        ("flip = true", "dropout = 0.5", ""),
        ('"random_labels"', '"random_pixels"', "random_pixels changes images, and those of cells"),
    ],
)
def test_mistakes_are_told_with_their_line(old: str, new: str, expected: str, sweep: Path) -> None:
    sweep.write_text(SWEEP.replace(old, new, 1))
    if not expected:
        plan(read_spec(sweep))
        return
    with pytest.raises(SpecError) as error:
        plan(read_spec(sweep))
    assert expected in str(error.value)


def test_a_folder_that_is_missing_is_told_with_what_to_do(sweep: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").rename(tmp_path / "else where")
    with pytest.raises(SpecError) as error:
        read_spec(sweep)
    assert str(error.value) == (
        f"{sweep}:4: dataset.cells.folder: {tmp_path}/pictures does not exist; a folder with "
        "train/CLASS/*.jpg and val/CLASS/*.jpg (or test/), JPEG or PNG; name yours with "
        "--set dataset.cells.folder=PATH, or make one to try with "
        f"`gensweep data export digits {tmp_path}/pictures --train 100 --test 50`"
    )


def test_folder_and_view_can_be_set_from_where_the_command_runs(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pictures").rename(tmp_path / "3")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in ("../3", "~/3", str(tmp_path / "3")):
        overrides = [Override("dataset.cells.folder", folder), Override("dataset.cells.view", 9)]
        assert read_spec(sweep, overrides).datasets["cells"] == OwnDataset(tmp_path / "3", 9)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("dataset.cells.folder", 3, "cells.toml:4: dataset.cells.folder: 3 is not valid"),
        ("dataset.cells.folder", "", "cells.toml:4: dataset.cells.folder: '' is not valid"),
        ("dataset.cells.folder", "nowhere", "dataset.cells.folder: /"),
        ("dataset.cells.view", "big", "cells.toml:5: dataset.cells.view: 'big' is not valid"),
        (
            "dataset.sells.view",
            3,
            "--set dataset.sells.view: unknown key 'dataset.sells.view'; did",
        ),
        ("dataset.cells.size", 3, "one of dataset.cells.folder, dataset.cells.view"),
        ("datasets.cells", 3, "--set datasets.cells: unknown key"),
        ("dataset.cells", 3, "--set dataset.cells: unknown key"),
    ],
)
def test_mistakes_in_what_is_set_are_told(
    key: str, value: object, expected: str, sweep: Path
) -> None:
    with pytest.raises(SpecError) as error:
        read_spec(sweep, [Override(key, value)])
    assert expected in str(error.value)
    assert len(error.value.problems) == 1


def test_what_needs_arrays_does_not_take_images(sweep: Path) -> None:
    sweep.write_text(SWEEP + '\n[[grid]]\ntrainable = "kernel"\ndataset = "cells"\n')
    with pytest.raises(SpecError, match="cells"):
        read_spec(sweep)


def brought(sweep: Path) -> dict[str, Any]:
    spec: SweepSpec = read_spec(sweep)
    return bring(spec.datasets, sweep.parent / "data", lambda words: None)


def leave_one_class(folder: Path) -> None:
    for split in ("train", "val"):
        for kind in ("skin", "nerve"):
            shutil.rmtree(folder / split / kind)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda folder: shutil.rmtree(folder / "val"), "has no folder val or validation or test"),
        (
            lambda folder: [path.unlink() for path in (folder / "train").rglob("*.jpg")],
            "train has no images in folders of classes",
        ),
        (
            lambda folder: shutil.rmtree(folder / "val" / "skin"),
            "class skin has train images and no test images",
        ),
        (
            lambda folder: shutil.rmtree(folder / "train" / "skin"),
            "class skin has test images and no train images",
        ),
        (
            leave_one_class,
            "has one class, blood; at least 2 classes",
        ),
        (
            lambda folder: (folder / "train" / "skin" / "1.jpg").write_bytes(b"\xff\xd8\xff"),
            "1 of 18 images cannot be decoded: skin/1.jpg",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_in_a_line_and_leaves_nothing(
    damage: Callable[[Path], Any], expected: str, sweep: Path, tmp_path: Path
) -> None:
    damage(tmp_path / "pictures")
    with pytest.raises((DataError, SpecError)) as error:
        brought(sweep)
    assert expected in str(error.value)
    assert len(error.value.problems) == 1
    left = [path for path in (tmp_path / "data").glob("*") if path.suffix != ".lock"]
    assert left == []


def test_a_folder_that_has_changed_is_refused(sweep: Path, tmp_path: Path) -> None:
    first = brought(sweep)
    assert brought(sweep) == first
    Image.new("RGB", (9, 9)).save(tmp_path / "pictures" / "train" / "skin" / "new.png")
    with pytest.raises(DataError, match="is not as it was when cells was prepared; give it ano"):
        brought(sweep)


def test_another_view_is_refused(sweep: Path) -> None:
    brought(sweep)
    sweep.write_text(SWEEP.replace("view = 8", "view = 9"))
    with pytest.raises(DataError, match="is prepared for a view of 8 pixels, not 9; give it ano"):
        brought(sweep)


def test_a_launch_prepares_it_once_and_results_are_read_where_nobody_knows_it(
    sweep: Path, tmp_path: Path, recorder: type[Recorder]
) -> None:
    display = recorder()
    said: list[str] = []
    display.said = said.append
    assert launched(sweep, "results", display).complete
    counts = "3 classes, 12 training and 6 test images"
    assert f"preparing dataset cells from {tmp_path / 'pictures'}: {counts}" in said
    said.clear()
    sweep.write_text(SWEEP.replace('"cells"', '"more"', 1) + "seed = [0, 1]\n")
    assert launched(sweep, "results", display).complete
    assert said == ["starting Ray"]
    del DATASETS["cells"]
    database = Database(tmp_path / "results")
    rows = database.table("select classes, train, test from datasets where dataset = 'cells'")
    assert rows.rows == [(3, 12, 6)]
    rows = database.table("select distinct chance(dataset), status, steps from trials")
    assert rows.rows == [(pytest.approx(2 / 3), "done", 6)]


def test_trials_on_other_images_of_that_name_are_not_mixed(
    sweep: Path, tmp_path: Path, recorder: type[Recorder]
) -> None:
    assert launched(sweep, "results", recorder()).complete
    shutil.rmtree(tmp_path / "data")
    shutil.rmtree(tmp_path / "pictures")
    write_pictures(tmp_path / "pictures", seed=1)
    sweep.write_text(SWEEP.replace("epochs = 2", "epochs = 1"))  # other trials
    with pytest.raises(DataError, match=r"is not the one that trial [0-9a-f]{12} in .*results saw"):
        launched(sweep, "results", recorder())
    assert launched(sweep, "others", recorder()).complete
    mine, others = (Store.open(tmp_path / name) for name in ("results", "others"))
    before = statuses(take_snapshot(mine))
    with pytest.raises(StoreError, match="has trials on other images that are called cells too"):
        merge(mine, others)
    assert statuses(take_snapshot(mine)) == before


def test_another_view_is_another_dataset(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures")
    folder, digests = tmp_path / "pictures", set()
    for view in (8, 9):
        own = {"cells": OwnDataset(folder, view)}
        digests.add(bring(own, tmp_path / f"data{view}", lambda _: None)["cells"].digest)
    assert len(digests) == 2


def test_all_mistakes_are_told_where_a_dataset_is_one_of_them(sweep: Path) -> None:
    sweep.write_text(SWEEP.replace("view = 8", "").replace("epochs = 2", "epoch = 2"))
    with pytest.raises(SpecError) as error:
        read_spec(sweep)
    said = str(error.value)
    assert "dataset.cells.view: is missing" in said
    assert "unknown key 'epoch'" in said
    assert "unknown dataset" not in said
