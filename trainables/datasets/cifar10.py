"""CIFAR-10 (Krizhevsky 2009): 50 000 training and 10 000 test images of 10 classes."""

from __future__ import annotations

import io
import pickle
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.arrays import Dataset, Images, Labels, check_digests, read_cache

_TRAIN = [f"data_batch_{i}" for i in range(1, 6)]
_TEST = ["test_batch"]

# SHA-256 of the bytes in C order: images as uint8 (N, 32, 32, 3), labels as uint8, official order.
DIGESTS = {
    "train_images": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
    "train_labels": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
    "test_images": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    "test_labels": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
}


def load(data_dir: Path) -> Dataset:
    return read_cache("cifar10", data_dir)


def verified(
    train_images: Images, train_labels: Labels, test_images: Images, test_labels: Labels
) -> Dataset:
    """The dataset, after checking that its pixels and labels are the official ones."""
    check_digests(
        "cifar10",
        {
            "train images": (train_images, DIGESTS["train_images"]),
            "train labels": (train_labels.astype(np.uint8), DIGESTS["train_labels"]),
            "test images": (test_images, DIGESTS["test_images"]),
            "test labels": (test_labels.astype(np.uint8), DIGESTS["test_labels"]),
        },
    )
    return Dataset(
        "cifar10",
        DATASETS["cifar10"].classes,
        train_images,
        train_labels,
        test_images,
        test_labels,
    )


def download(folder: Path) -> Dataset:
    """Fetch CIFAR-10 with torchvision into `folder`."""
    from torchvision.datasets import CIFAR10

    train, test = (CIFAR10(str(folder), train=split, download=True) for split in (True, False))
    return verified(
        np.asarray(train.data, np.uint8),
        np.asarray(train.targets, np.int64),
        np.asarray(test.data, np.uint8),
        np.asarray(test.targets, np.int64),
    )


def read(source: Path) -> Dataset | None:
    """The official python archive or its unpacked folder; None if `source` holds neither."""
    if source.is_file() and tarfile.is_tarfile(source):
        with tarfile.open(source) as archive:
            members = {Path(m.name).name: m for m in archive.getmembers() if m.isfile()}

            def packed(batch: str) -> BinaryIO:
                file = archive.extractfile(members[batch])
                assert file is not None  # only regular files were kept
                return io.BytesIO(file.read())

            return _from_batches(packed)
    if batches := sorted(source.rglob("test_batch")):
        folder = batches[0].parent
        return _from_batches(lambda name: (folder / name).open("rb"))
    return None


def _from_batches(open_batch: Callable[[str], BinaryIO]) -> Dataset:
    return verified(*_read_batches(open_batch, _TRAIN), *_read_batches(open_batch, _TEST))


def _read_batches(
    open_batch: Callable[[str], BinaryIO], names: Iterable[str]
) -> tuple[Images, Labels]:
    """Rows of 3072 bytes, channel after channel, as images (N, 32, 32, 3)."""
    images, labels = [], []
    for name in names:
        with open_batch(name) as file:
            batch = _ArrayUnpickler(file, encoding="bytes").load()
        images.append(np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32))
        labels.append(np.asarray(batch[b"labels"], np.int64))
    return np.concatenate(images).transpose(0, 2, 3, 1), np.concatenate(labels)


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickles NumPy arrays and plain containers, and refuses to run anything else."""

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "numpy" and name in ("_reconstruct", "ndarray", "dtype"):
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a CIFAR-10 batch")
