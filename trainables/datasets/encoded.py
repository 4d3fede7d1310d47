"""Datasets of encoded images (JPEG, PNG): a split is one file, and an image is one read of it.

A folder with a million files is slow to list and to open on most file systems. Here an epoch starts
without listing anything, processes share what the system has cached, and the memory of a process
does not grow with the dataset.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensweep.trainables.datasets import DATASETS, IMAGE_FOLDER
from gensweep.trainables.datasets.arrays import Labels, missing
from gensweep.trainables.errors import DataError

FORMAT = 2  # 1 is that of arrays
_ABOUT = {"view", "origin", "train", "test", "digest", "classes", "files"}
SPLITS = ("train", "test")


class EncodedSplit:
    """The images of a split, in the dataset's order.

    labels: (N,) int64.
    """

    def __init__(self, folder: Path, split: str) -> None:
        self._spans = np.load(folder / f"{split}_spans.npy", allow_pickle=False)
        self.labels: Labels = np.load(folder / f"{split}_labels.npy", allow_pickle=False)
        self._file = os.open(folder / f"{split}_images.bin", os.O_RDONLY | os.O_CLOEXEC)

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, index: int) -> bytes:
        """The file of an image. Threads may read at the same time."""
        start, size = map(int, self._spans[index])
        return os.pread(self._file, size, start)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)


@dataclass(frozen=True)
class EncodedDataset:
    """classes: their names, in the order of the labels. digest: of names, labels and contents."""

    name: str
    classes: tuple[str, ...]
    train: EncodedSplit
    test: EncodedSplit
    digest: str


def open_encoded(name: str, data_dir: Path) -> EncodedDataset:
    """Raises DataError for a dataset that is missing or has been changed."""
    folder = data_dir / name
    about = described(name, data_dir)
    try:
        for file, expected in about["files"].items():
            if fingerprint(folder / file) != expected:
                raise _missing(name, data_dir, f"has another {file} than was prepared")
        train, test = (EncodedSplit(folder, split) for split in SPLITS)
        return EncodedDataset(name, tuple(about["classes"]), train, test, about["digest"])
    except (ValueError, TypeError, KeyError, AttributeError, OSError, EOFError) as error:
        raise _missing(name, data_dir, f"cannot be read ({error})") from error


def described(name: str, data_dir: Path) -> Mapping[str, Any]:
    """What is kept of a prepared dataset of encoded images. Raises DataError."""
    try:
        about = json.loads((data_dir / name / "dataset.json").read_text("utf-8"))
        if about["format"] != FORMAT:
            raise _missing(
                name, data_dir, f"was prepared in format {about['format']}, not {FORMAT}"
            )
        if lacking := sorted(_ABOUT - about.keys()):
            raise _missing(name, data_dir, f"has a dataset.json without {lacking[0]}")
    except FileNotFoundError:
        raise _missing(name, data_dir, "is not there") from None
    except (ValueError, TypeError, KeyError, OSError, RecursionError) as error:
        raise _missing(name, data_dir, f"cannot be read ({error})") from error
    known: Mapping[str, Any] = about
    return known


def _missing(name: str, data_dir: Path, what: str) -> DataError:
    """With how to repair it: what a sweep file brought is prepared by a launch."""
    source = DATASETS.get(name)
    if source and source.module != IMAGE_FOLDER:
        return missing(name, data_dir, what)
    todo = f"remove {data_dir / name}, and launch again to prepare it"
    return DataError(f"dataset {name}", f"{what} in {data_dir}", todo=todo)


def fingerprint(file: Path) -> str:
    """Tells two contents of a small file apart, and of the large one with images, two sizes."""
    if file.suffix == ".bin":
        return str(file.stat().st_size)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def order_of(labels: NDArray[np.int64], names: list[str], digests: list[bytes]) -> str:
    """SHA-256 over the label, the name and the digest of each image, in the dataset's order."""
    whole = hashlib.sha256()
    for label, name, digest in zip(labels.tolist(), names, digests, strict=True):
        whole.update(f"{label} {len(name)} {name} ".encode(errors="surrogateescape") + digest)
    return whole.hexdigest()
