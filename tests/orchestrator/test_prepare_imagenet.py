"""ImageNet as published and as copied, of which no test has more than forty images."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.io import savemat

from gensweep.orchestrator.prepare import prepare
from gensweep.trainables.datasets import DATASETS, check_prepared, load, packing
from gensweep.trainables.datasets.encoded import open_encoded
from gensweep.trainables.errors import DataError

WNIDS = ["n01440764", "n01443537", "n02105855", "n15075141"]
PER_CLASS, TEST = 7, 12
# The devkit numbers the classes in another order than that of their WordNet ids.
DEVKIT_ID = {"n01440764": 3, "n01443537": 1, "n02105855": 4, "n15075141": 2}

Make = Callable[[Path], Path]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    source = replace(
        DATASETS["imagenet"], train=PER_CLASS * len(WNIDS), test=TEST, classes=len(WNIDS)
    )
    monkeypatch.setitem(DATASETS, "imagenet", source)


def encoded(seed: int, format_: str = "JPEG", mode: str = "RGB") -> bytes:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(8, 40, size=2)
    file = io.BytesIO()
    pixels = rng.integers(256, size=(height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(file, format_)
    return file.getvalue()


def train_images() -> list[tuple[str, str, bytes]]:
    """Classes, names and contents; one is a PNG by another name, one is CMYK."""
    odd = {(2, 3): ("PNG", "RGB"), (1, 1): ("JPEG", "CMYK"), (0, 5): ("JPEG", "L")}
    return [
        (wnid, f"{wnid}_{100 - n}.JPEG", encoded(10 * c + n, *odd.get((c, n), ())))
        for c, wnid in enumerate(WNIDS)
        for n in range(PER_CLASS)
    ]


def test_images() -> list[tuple[str, str, bytes]]:
    return [
        (WNIDS[n * 3 % 4], f"ILSVRC2012_val_{n + 1:08}.JPEG", encoded(1000 + n))
        for n in range(TEST)
    ]


test_images.__test__ = False  # type: ignore[attr-defined]


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def devkit_files() -> dict[str, bytes]:
    kinds = np.dtype([("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O")])
    synsets = [(number, wnid, "a thing") for wnid, number in DEVKIT_ID.items()]
    synsets.append((5, "n00001740", "no leaf"))
    meta = io.BytesIO()
    savemat(meta, {"synsets": np.array(synsets, kinds)[:, None]})
    truth = "".join(f"{DEVKIT_ID[wnid]}\n" for wnid, _, _ in test_images())
    return {"meta.mat": meta.getvalue(), "ILSVRC2012_validation_ground_truth.txt": truth.encode()}


def as_archives(folder: Path) -> Path:
    folder.mkdir(parents=True)
    with tarfile.open(folder / "ILSVRC2012_img_train.tar", "w") as outer:
        for wnid in reversed(WNIDS):
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w") as archive:
                for kind, name, content in train_images():
                    if kind == wnid:
                        add(archive, name, content)
            add(outer, f"{wnid}.tar", inner.getvalue())
    with tarfile.open(folder / "ILSVRC2012_img_val.tar", "w") as archive:
        for _, name, content in test_images():
            add(archive, name, content)
    with tarfile.open(folder / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as archive:
        for name, content in devkit_files().items():
            add(archive, f"ILSVRC2012_devkit_t12/data/{name}", content)
    return folder


def as_folders(folder: Path) -> Path:
    for split, images in (("train", train_images()), ("val", test_images())):
        for wnid, name, content in images:
            (folder / split / wnid).mkdir(parents=True, exist_ok=True)
            (folder / split / wnid / name).write_bytes(content)
    return folder


def as_flat(folder: Path) -> Path:
    as_folders(folder)
    for path in [*(folder / "val").rglob("*.JPEG")]:
        path.rename(folder / "val" / path.name)
    for wnid in WNIDS:
        (folder / "val" / wnid).rmdir()
    for name, content in devkit_files().items():
        (folder / "devkit" / "data").mkdir(parents=True, exist_ok=True)
        (folder / "devkit" / "data" / name).write_bytes(content)
    return folder


def as_parquet(folder: Path) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    for split, images in (("train", train_images()), ("validation", test_images())):
        rows = [
            {
                "image": {"bytes": content, "path": name.replace(".JPEG", f"_{wnid}.JPEG")},
                "label": WNIDS.index(wnid),
            }
            for wnid, name, content in images
        ]
        rng.shuffle(rows)
        half = len(rows) // 2
        for part, some in enumerate((rows[:half], rows[half:])):
            pq.write_table(
                pa.Table.from_pylist(some), folder / f"{split}-{part:05}-of-00002.parquet"
            )
    return folder


FORMS: dict[str, Make] = {
    "archives": as_archives,
    "folders": as_folders,
    "flat": as_flat,
    "parquet": as_parquet,
}


@pytest.fixture(params=FORMS)
def make(request: pytest.FixtureRequest) -> Make:
    return FORMS[request.param]


def left_behind(data: Path) -> list[str]:
    return sorted(path.name for path in data.glob(".*") if path.suffix != ".lock")


def test_every_form_gives_the_same_images_in_the_same_order(make: Make, tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare("imagenet", data, make(tmp_path / "raw"))
    dataset = open_encoded("imagenet", data)
    assert dataset.classes == tuple(WNIDS)
    for split, images in ((dataset.train, train_images()), (dataset.test, test_images())):
        images = sorted(images)
        assert split.labels.tolist() == [WNIDS.index(wnid) for wnid, _, _ in images]
        assert [split.read(i) for i in range(len(split))] == [content for _, _, content in images]
    reference = tmp_path / "reference"
    prepare("imagenet", reference, as_folders(tmp_path / "again"))
    assert dataset.digest == open_encoded("imagenet", reference).digest
    assert left_behind(data) == []


def test_names_are_kept_in_the_dataset_s_order(tmp_path: Path) -> None:
    folder = prepare("imagenet", tmp_path / "data", as_archives(tmp_path / "raw"))
    names = json.loads((folder / "train_names.json").read_text())
    assert names == [name for _, name, _ in sorted(train_images())]


def test_what_trains_on_arrays_says_that_it_cannot(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"imagenet: has images of many sizes; of one size: cifar10"
    ):
        load("imagenet", tmp_path)


def refused(raw: Path, tmp_path: Path) -> str:
    data = tmp_path / "data"
    with pytest.raises(DataError) as error:
        prepare("imagenet", data, raw)
    assert left_behind(data) == []
    assert not (data / "imagenet").exists()
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty", "gif"])
def test_broken_images_are_counted_named_and_refused(
    make: Make, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, gif = train_images(), io.BytesIO()
    Image.new("RGB", (8, 8)).save(gif, "GIF")
    for broken in (3, 9):
        wnid, name, content = images[broken]
        damaged = {
            "truncated": content[: len(content) * 2 // 3],
            "garbage": b"no image",
            "empty": b"",
            "gif": gif.getvalue(),
        }[damage]
        images[broken] = wnid, name, damaged
    monkeypatch.setattr(f"{__name__}.train_images", lambda: images)
    message = refused(make(tmp_path / "raw"), tmp_path)
    assert "2 of 40 images cannot be decoded: " in message
    assert images[3][1] in message
    assert images[9][1] in message


@pytest.mark.parametrize("form", ["archives", "flat"])
def test_a_missing_development_kit_is_named(form: str, tmp_path: Path) -> None:
    raw = FORMS[form](tmp_path / "raw")
    for file in [*raw.rglob("*devkit*.gz"), *raw.rglob("meta.mat")]:
        file.unlink()
    assert "there is no development kit in it, ILSVRC2012_devkit_t12.tar.gz" in refused(
        raw, tmp_path
    )


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    raw = as_archives(tmp_path / "raw")
    (raw / "ILSVRC2012_img_val.tar").unlink()
    assert "there is no ILSVRC2012_img_val.tar in it" in refused(raw, tmp_path)


@pytest.mark.parametrize("archive", ["ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.001])
def test_an_archive_that_is_cut_short_is_refused(
    archive: str, share: float, tmp_path: Path
) -> None:
    raw = as_archives(tmp_path / "raw")
    os.truncate(raw / archive, int(share * (raw / archive).stat().st_size))
    refused(raw, tmp_path)


def test_other_counts_than_those_of_imagenet_are_refused(make: Make, tmp_path: Path) -> None:
    raw = make(tmp_path / "raw")
    data = tmp_path / "data"
    for field, value in (("train", 29), ("test", 13)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(DATASETS, "imagenet", replace(DATASETS["imagenet"], **{field: value}))
            with pytest.raises(DataError, match=r"has 28 training and 12 test images of 4 classes"):
                prepare("imagenet", data, raw)


def test_a_disk_that_is_too_small_is_known_before_anything_is_written(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = make(tmp_path / "raw")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100))
    assert "has 100 bytes free, and imagenet takes " in refused(raw, tmp_path)


def test_a_prepared_dataset_that_was_changed_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    folder = prepare("imagenet", data, as_folders(tmp_path / "raw"))
    check_prepared("imagenet", data)
    for name in ("train_labels.npy", "test_spans.npy", "train_images.bin", "dataset.json"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-2])
        with pytest.raises(DataError, match="gensweep data prepare imagenet"):
            check_prepared("imagenet", data)
        (folder / name).unlink()
        with pytest.raises(DataError, match="gensweep data prepare imagenet"):
            check_prepared("imagenet", data)
        (folder / name).write_bytes(content)
    check_prepared("imagenet", data)


def test_two_preparations_at_once_do_not_meet(tmp_path: Path) -> None:
    raw, data = as_folders(tmp_path / "raw"), tmp_path / "data"
    data.mkdir()
    alone = packing._alone(data / ".imagenet.lock", "imagenet")
    with alone, pytest.raises(DataError, match="is being prepared by another process; wait for it"):
        prepare("imagenet", data, raw)
    prepare("imagenet", data, raw)


def interrupting(after: int) -> Callable[[bytes], None]:
    lock, check = threading.Lock(), packing.check
    count = iter(range(10**6))

    def interrupt(content: bytes) -> None:
        with lock:
            if next(count) == after:
                signal.raise_signal(signal.SIGINT)
        check(content)

    return interrupt


@pytest.mark.parametrize("after", [0, 1, 20, 30, 39])
def test_an_interrupted_preparation_goes_on_from_there(
    make: Make, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, data = make(tmp_path / "raw"), tmp_path / "data"
    monkeypatch.setattr(packing, "_AHEAD", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "check", interrupting(after))
        with pytest.raises(KeyboardInterrupt):
            prepare("imagenet", data, raw)
    assert not (data / "imagenet").exists()
    checked: list[bytes] = []
    check = packing.check

    def count(content: bytes) -> None:
        checked.append(content)
        check(content)

    monkeypatch.setattr(packing, "check", count)
    prepare("imagenet", data, raw)
    assert len(checked) <= 40 - max(0, after - 2 * (os.cpu_count() or 1) - 3)
    once = tmp_path / "once"
    prepare("imagenet", once, raw)
    assert open_encoded("imagenet", data).digest == open_encoded("imagenet", once).digest
    assert left_behind(data) == []


KILLED = """
import os, sys
from dataclasses import replace
from pathlib import Path
from gensweep.orchestrator.prepare import prepare
from gensweep.trainables.datasets import DATASETS, packing
DATASETS["imagenet"] = replace(DATASETS["imagenet"], train=28, test=12, classes=4)
data, raw, after = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
whole = packing.json.dumps
def dumps(line):
    global after
    after -= 1
    if after == 0:
        os.kill(os.getpid(), 9)
    return whole(line)
packing.json.dumps = dumps
packing._AHEAD = 1
prepare("imagenet", data, raw)
"""


def test_a_killed_preparation_goes_on_with_whole_images(tmp_path: Path) -> None:
    raw, data = as_archives(tmp_path / "raw"), tmp_path / "data"
    for after in (9, 25):
        killed = [sys.executable, "-c", KILLED, str(data), str(raw), str(after)]
        assert subprocess.run(killed, timeout=60, check=False).returncode == -signal.SIGKILL
        partial = data / ".imagenet-arriving"
        # What a crash of the machine may leave: half an image, half a line.
        for name in ("train.journal", "train_images.bin"):
            if (file := partial / name).exists() and after == 9:
                os.truncate(file, max(0, file.stat().st_size - 5))
    prepare("imagenet", data, raw)
    once = tmp_path / "once"
    prepare("imagenet", once, raw)
    assert open_encoded("imagenet", data).digest == open_encoded("imagenet", once).digest
    dataset = open_encoded("imagenet", data)
    assert [dataset.train.read(i) for i in range(28)] == [c for _, _, c in sorted(train_images())]


@pytest.fixture
def labelled_otherwise(tmp_path: Path) -> Path:
    raw = as_parquet(tmp_path / "raw")
    for path in raw.glob("train-00000*"):
        rows = pq.read_table(path).to_pylist()
        rows[0]["label"] = (rows[0]["label"] + 1) % 4
        pq.write_table(pa.Table.from_pylist(rows), path)
    return raw


def test_a_label_that_contradicts_a_name_is_refused(
    labelled_otherwise: Path, tmp_path: Path
) -> None:
    assert "is of n" in refused(labelled_otherwise, tmp_path)
