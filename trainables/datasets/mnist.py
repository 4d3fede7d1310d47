"""MNIST (LeCun et al. 1998): 60 000 training and 10 000 test images of handwritten digits."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.archives import read_file
from gensweep.trainables.datasets.arrays import Dataset, Images, Labels, read_cache
from gensweep.trainables.errors import DataError

_COUNTS = {"train": DATASETS["mnist"].train, "test": DATASETS["mnist"].test}


def load(data_dir: Path) -> Dataset:
    return read_cache("mnist", data_dir)


def verified(
    train_images: Images, train_labels: Labels, test_images: Images, test_labels: Labels
) -> Dataset:
    """The dataset with images (N, 28, 28, 1), after checking its shapes and labels."""
    classes = DATASETS["mnist"].classes
    found = {"train": (train_images, train_labels), "test": (test_images, test_labels)}
    for split, (images, labels) in found.items():
        count = _COUNTS[split]
        if images.shape != (count, 28, 28) or labels.shape != (count,) or labels.max() >= classes:
            raise DataError(
                "dataset mnist",
                f"{split} images are {images.shape}, labels {labels.shape}",
                f"({count}, 28, 28) and ({count},) with labels below {classes}",
            )
    return Dataset(
        "mnist", classes, train_images[..., None], train_labels, test_images[..., None], test_labels
    )


def read(source: Path) -> Dataset | None:
    """torchvision's raw folder, or any folder above it; None if `source` is neither."""
    images, labels = "images-idx3-ubyte", "labels-idx1-ubyte"
    sizes = {
        f"{prefix}-{kind}": header + _COUNTS[split] * each
        for split, prefix in (("train", "train"), ("test", "t10k"))
        for kind, header, each in ((images, 16, 28 * 28), (labels, 8, 1))
    }
    for folder in [source, *(p for p in source.rglob("raw") if p.is_dir())]:
        if any(folder.glob("train-images-idx3-ubyte*")):
            for name, size in sizes.items():
                read_file(folder / name, 2 * size)  # torchvision would read a file of any size
            with tempfile.TemporaryDirectory() as root:
                raw = Path(root, "MNIST", "raw")
                raw.parent.mkdir()
                raw.symlink_to(folder.resolve(), target_is_directory=True)
                return _open(Path(root), fetch=False)
    return None


def download(folder: Path) -> Dataset:
    """Fetch MNIST with torchvision into `folder`."""
    return _open(folder, fetch=True)


def _open(folder: Path, *, fetch: bool) -> Dataset:
    """Read torchvision's `MNIST` folder below `folder`; download it first if `fetch`."""
    from torchvision.datasets import MNIST

    train, test = (MNIST(str(folder), train=split, download=fetch) for split in (True, False))
    return verified(
        train.data.numpy(),
        train.targets.numpy().astype(np.int64),
        test.data.numpy(),
        test.targets.numpy().astype(np.int64),
    )
