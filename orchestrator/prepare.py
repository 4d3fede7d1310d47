"""Bringing datasets: from the internet, or from files that are already here."""

from __future__ import annotations

import io
import pickle
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from gensweep.trainables.datasets import DATASETS, cifar10, mnist
from gensweep.trainables.datasets.arrays import Dataset, Images, Labels, write_cache
from gensweep.trainables.errors import DataError

_CIFAR_TRAIN = [f"data_batch_{i}" for i in range(1, 6)]
_CIFAR_TEST = ["test_batch"]


def prepare(name: str, data_dir: Path, source: Path | None = None) -> Path:
    """Verify a dataset and keep it as a memory-mapped cache; return its folder.

    Without `source` it is downloaded. Raises DataError if it is not to be had or not official.
    """
    if name not in _PREPARERS:
        raise DataError(f"dataset {name}", "needs no preparation", todo="use it in a sweep file")
    download, read = _PREPARERS[name]
    if source is not None:
        if not source.exists():
            raise DataError(str(source), "no such file or folder", _FORMS[name])
        return write_cache(_reading(name, source, read), data_dir)
    with tempfile.TemporaryDirectory() as folder:
        try:
            dataset = download(Path(folder))
        except (OSError, RuntimeError) as error:
            raise DataError(
                f"dataset {name}",
                f"the download failed ({error})",
                todo=f"fetch it elsewhere and run `gensweep data prepare {name} --from PATH`",
            ) from error
        return write_cache(dataset, data_dir)


def _reading(name: str, source: Path, read: Callable[[Path], Dataset]) -> Dataset:
    try:
        return read(source)
    except DataError:
        raise
    except Exception as error:  # whatever a damaged file makes its reader raise
        raise DataError(str(source), f"cannot be read as {name} ({error})", _FORMS[name]) from error


def read_cifar10(source: Path) -> Dataset:
    """The official python archive, its unpacked folder, or Parquet in the Hugging Face layout."""
    if source.is_file() and tarfile.is_tarfile(source):
        with tarfile.open(source) as archive:
            members = {Path(m.name).name: m for m in archive.getmembers() if m.isfile()}

            def packed(batch: str) -> BinaryIO:
                file = archive.extractfile(members[batch])
                assert file is not None  # only regular files were kept
                return io.BytesIO(file.read())

            return _cifar10_from_batches(packed)
    if batches := sorted(source.rglob("test_batch")):
        folder = batches[0].parent
        return _cifar10_from_batches(lambda name: (folder / name).open("rb"))
    if any(source.rglob("train-*.parquet")):
        train, test = (_read_parquet(sorted(source.rglob(f"{s}-*.parquet"))) for s in _SPLITS)
        return cifar10.verified(*train, *test)
    raise DataError(str(source), "holds no CIFAR-10", _FORMS["cifar10"])


def _cifar10_from_batches(open_batch: Callable[[str], BinaryIO]) -> Dataset:
    return cifar10.verified(
        *_read_batches(open_batch, _CIFAR_TRAIN), *_read_batches(open_batch, _CIFAR_TEST)
    )


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


def _read_parquet(files: list[Path]) -> tuple[Images, Labels]:
    """Columns `img` (a struct with PNG `bytes`) and `label`."""
    images: list[Images] = []
    labels: list[int] = []
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(batch_size=5000):
            labels += batch.column("label").to_pylist()
            images += [
                np.asarray(Image.open(io.BytesIO(image["bytes"])).convert("RGB"))
                for image in batch.column("img").to_pylist()
            ]
    return np.stack(images), np.array(labels, np.int64)


def read_mnist(source: Path) -> Dataset:
    """torchvision's raw folder, or any folder above it."""
    for folder in [source, *(p for p in source.rglob("raw") if p.is_dir())]:
        if any(folder.glob("train-images-idx3-ubyte*")):
            with tempfile.TemporaryDirectory() as root:
                raw = Path(root, "MNIST", "raw")
                raw.parent.mkdir()
                raw.symlink_to(folder.resolve(), target_is_directory=True)
                return mnist.read(Path(root))
    raise DataError(str(source), "holds no MNIST", _FORMS["mnist"])


_SPLITS = ("train", "test")
_FORMS = {
    "cifar10": "cifar-10-python.tar.gz, its folder, or a folder of Parquet files "
    "train-*.parquet and test-*.parquet with columns img and label",
    "mnist": "a folder with train-images-idx3-ubyte and its three companions",
}
_PREPARERS: dict[str, tuple[Callable[[Path], Dataset], Callable[[Path], Dataset]]] = {
    "cifar10": (cifar10.download, read_cifar10),
    "mnist": (mnist.download, read_mnist),
}
assert {name for name, source in DATASETS.items() if source.prepared} == set(_PREPARERS)
