"""CIFAR-10 (Krizhevsky 2009): 50 000 training and 10 000 test images of 10 classes."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.archives import read_file, read_members
from gensweep.trainables.datasets.arrays import Dataset, Images, Labels, check_digests, read_cache
from gensweep.trainables.unpickling import unpickle

_TRAIN = [f"data_batch_{i}" for i in range(1, 6)]
_TEST = ["test_batch"]
_MOST_BYTES = 64_000_000  # of a batch; they have half of that

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
    if source.is_file():
        found = read_members(source, [*_TRAIN, *_TEST], _MOST_BYTES)
        if found is None:
            return None
        if missing := [name for name in (*_TRAIN, *_TEST) if name not in found]:
            raise ValueError(f"there is no {missing[0]} in it")
        return _from_batches(found.__getitem__)
    if batches := sorted(source.rglob("test_batch")):
        folder = batches[0].parent
        return _from_batches(lambda name: read_file(folder / name, _MOST_BYTES))
    return None


def _from_batches(batch: Callable[[str], bytes]) -> Dataset:
    return verified(*_read_batches(batch, _TRAIN), *_read_batches(batch, _TEST))


def _read_batches(batch: Callable[[str], bytes], names: Iterable[str]) -> tuple[Images, Labels]:
    """Rows of 3072 bytes, channel after channel, as images (N, 32, 32, 3)."""
    images, labels = [], []
    for name in names:
        content = unpickle(batch(name), _NAMES, "a CIFAR-10 batch", encoding="bytes")
        images.append(content[b"data"].rows.reshape(-1, 3, 32, 32))
        labels.append(np.array([_label(label) for label in content[b"labels"]], np.int64))
    return np.concatenate(images).transpose(0, 2, 3, 1), np.concatenate(labels)


def _label(label: Any) -> int:
    if type(label) is not int or not 0 <= label < DATASETS["cifar10"].classes:
        raise ValueError("a label is not a class")
    return label


class _Bytes:
    """Stands for NumPy's type of bytes, the only one in a batch."""

    def __init__(self, code: Any, *_: Any) -> None:
        if code not in ("u1", b"u1"):
            raise pickle.UnpicklingError("its data are not bytes")

    def __setstate__(self, state: Any) -> None:
        """Byte order and alignment, which bytes do not have."""


class _Array:
    """Stands for a NumPy array of bytes while a batch is unpickled."""

    rows: Images

    def __init__(self, *_: Any) -> None:
        """NumPy makes an empty array first."""

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_column, content = state
        if not isinstance(kind, _Bytes) or by_column:
            raise pickle.UnpicklingError("its data are not rows of bytes")
        self.rows = np.frombuffer(content, np.uint8).reshape(shape)


def _encoded(text: str, encoding: str) -> bytes:
    """How Python 3 pickles bytes for Python 2."""
    return text.encode("latin-1")


# All names in batches as published, and as pickled again by Python 3 and by NumPy 1 and 2.
_NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Bytes,
    ("_codecs", "encode"): _encoded,
}
