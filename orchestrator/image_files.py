"""Writes a dataset of arrays as the folder of JPEG images that other tools, and sweeps, take."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from gensweep.trainables.datasets import load
from gensweep.trainables.datasets.arrays import Images, Labels
from gensweep.trainables.errors import DataError

_QUALITY = 95  # of JPEG, up to 100

_NOT_EMPTY = "exists already, and is not an empty folder"


def write_folder(
    name: str, data_dir: Path, folder: Path, train: int | None, test: int | None
) -> Path:
    """Write train/CLASS/INDEX.jpg and test/CLASS/INDEX.jpg, of the first examples of each split.

    Raises DataError for a folder that is there and not empty, for more examples than there are,
    and where a class would be without images.
    """
    dataset = load(name, data_dir)
    if folder.is_symlink():
        raise DataError(str(folder), "is a link", "a new folder")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(str(folder), _NOT_EMPTY, "a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for split, images, labels, count in (
            ("train", dataset.train_images, dataset.train_labels, train),
            ("test", dataset.test_images, dataset.test_labels, test),
        ):
            _check(name, split, labels, dataset.classes, count)
            _write(fresh / split, images[:count], labels[:count], dataset.classes)
        fresh.chmod(0o755)
        _rename(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _check(name: str, split: str, labels: Labels, classes: int, count: int | None) -> None:
    if count is not None and count > len(labels):
        raise DataError(f"dataset {name}", f"has {len(labels):,} {split} images, not {count:,}")
    if missing := sorted({*range(classes)} - set(labels[:count].tolist())):
        what = f"the first {count} {split} images have none of class {missing[0]}"
        raise DataError(f"dataset {name}", what, todo="take more")


def _write(folder: Path, images: Images, labels: Labels, classes: int) -> None:
    width = len(str(classes - 1))
    for index, (pixels, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        kind = folder / f"{label:0{width}}"
        kind.mkdir(parents=True, exist_ok=True)
        pixels = np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        Image.fromarray(pixels).save(kind / f"{index:06}.jpg", quality=_QUALITY, subsampling=0)


def _rename(fresh: Path, folder: Path) -> None:
    try:
        os.replace(fresh, folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise DataError(str(folder), _NOT_EMPTY, "a new folder") from error
