"""A dataset as arrays, and its memory-mapped cache on disk."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gensweep.trainables.datasets import DATASETS, Source
from gensweep.trainables.datasets.folders import check_room, place_of, put_in_place
from gensweep.trainables.errors import DataError

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]

FORMAT = 1
_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


@dataclass(frozen=True)
class Dataset:
    """Images (N, H, W, C) as uint8 in [0, 255] and labels (N,) as int64 in [0, classes)."""

    name: str
    classes: int
    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels


class Part(NamedTuple):
    """Some images (N, H, W, C) of a split and their labels (N,), in the dataset's order."""

    images: Images
    labels: Labels


@dataclass(frozen=True)
class Arriving:
    """A dataset on its way into the cache, part by part, as it may be larger than the memory."""

    name: str
    train: Iterable[Part]
    test: Iterable[Part]


def digest(array: NDArray[np.generic]) -> str:
    """SHA-256 of the array's bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def write_cache(dataset: Dataset | Arriving, data_dir: Path) -> Path:
    """Cache the arrays under `data_dir`, replacing an earlier cache; return their folder.

    The folder appears complete or not at all: it is written under a temporary name and renamed.
    Raises DataError for a disk that is too small, for other files where it is to be, and for what
    arrives and is not as DATASETS says.
    """
    folder = place_of(dataset.name, data_dir)
    fresh = Path(tempfile.mkdtemp(prefix=f".{dataset.name}-", dir=data_dir))
    try:
        about = {"format": FORMAT, "name": dataset.name}
        if isinstance(dataset, Arriving):
            about |= _write_parts(dataset, fresh)
        else:
            for name in _ARRAYS:
                np.save(fresh / f"{name}.npy", np.ascontiguousarray(getattr(dataset, name)))
            about |= {"classes": dataset.classes}
        (fresh / "dataset.json").write_text(json.dumps(about) + "\n", "utf-8")
        put_in_place(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _write_parts(dataset: Arriving, folder: Path) -> dict[str, Any]:
    """Write the arrays; return what is to be kept of them: the digests tell orders apart."""
    source = DATASETS[dataset.name]
    image = (source.size, source.size, source.channels)
    check_room(dataset.name, (source.train + source.test) * prod(image), folder.parent)
    about: dict[str, Any] = {"classes": source.classes}
    for split, parts, count in (
        ("train", dataset.train, source.train),
        ("test", dataset.test, source.test),
    ):
        path = folder / f"{split}_images.npy"
        images = np.lib.format.open_memmap(path, "w+", np.uint8, (count, *image))
        labels, at, pixels = np.empty(count, np.int64), 0, hashlib.sha256()
        for part in parts:
            end = at + len(part.labels)
            if part.images.shape != (end - at, *image) or not _are_classes(part.labels, source):
                low, high = part.labels.min(), part.labels.max()
                what = f"{split} images are {part.images.shape}, labels {low} to {high}"
                shape = ", ".join(map(str, image))
                allowed = f"(N, {shape}) and labels 0 to {source.classes - 1}"
                raise DataError(f"dataset {dataset.name}", what, allowed)
            if end <= count:
                images[at:end], labels[at:end] = part.images, part.labels
                pixels.update(np.ascontiguousarray(part.images).data)
            at = end
        if at != count:
            what = f"there are {at:,} {split} images"
            raise DataError(f"dataset {dataset.name}", what, f"{count:,} of them")
        images.flush()
        np.save(folder / f"{split}_labels.npy", labels)
        about |= {f"{split}_images": pixels.hexdigest(), f"{split}_labels": digest(labels)}
    return about


def _are_classes(labels: Labels, source: Source) -> bool:
    return bool(((labels >= 0) & (labels < source.classes)).all())


def read_cache(name: str, data_dir: Path) -> Dataset:
    """Map the cached arrays into memory; takes milliseconds at any size."""
    folder = data_dir / name
    try:
        about = json.loads((folder / "dataset.json").read_text("utf-8"))
        if about["format"] != FORMAT:
            raise missing(name, data_dir, f"was cached in format {about['format']}, not {FORMAT}")
        arrays = {a: np.load(folder / f"{a}.npy", mmap_mode="r") for a in _ARRAYS}
        if any(type(array) is not np.memmap for array in arrays.values()):
            raise ValueError("it holds an archive instead of an array")
        return Dataset(name, about["classes"], **arrays)
    except FileNotFoundError:
        raise missing(name, data_dir, "is not there") from None
    except (ValueError, TypeError, KeyError, OSError, EOFError, RecursionError) as error:
        raise missing(name, data_dir, f"cannot be read ({error})") from error


def missing(name: str, data_dir: Path, what: str) -> DataError:
    return DataError(
        f"dataset {name}",
        f"{what} in {data_dir}",
        todo=f"run `gensweep data prepare {name}`, or without internet "
        f"`gensweep data prepare {name} --from PATH`; "
        "or name another folder with --data or GENSWEEP_DATA",
    )


def check_digests(name: str, arrays: Mapping[str, tuple[NDArray[np.generic], str]]) -> None:
    """Raise DataError unless each array has its known digest."""
    for what, (array, expected) in arrays.items():
        if (found := digest(array)) != expected:
            raise DataError(
                f"dataset {name}",
                f"the {what} are not the official ones (sha256 {found[:12]}…)",
                f"sha256 {expected[:12]}…, in the official order",
                "prepare it again from an intact copy",
            )
