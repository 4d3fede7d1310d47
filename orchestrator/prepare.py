"""Bringing datasets: from the internet, or from files that are already here."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, UnidentifiedImageError

from gensweep.trainables.datasets import DATASETS, Source, module_of
from gensweep.trainables.datasets.arrays import Dataset, Images, Labels, write_cache
from gensweep.trainables.errors import DataError

_PARQUET = (
    "or a folder of Parquet files train-*.parquet and test-*.parquet with columns img and label"
)

_ROWS = 50  # read at a time: a small file can hold large rows


def prepare(name: str, data_dir: Path, source: Path | None = None) -> Path:
    """Verify a dataset and keep it as a memory-mapped cache; return its folder.

    Without `source` it is downloaded. Raises DataError if it is not to be had or not official.
    """
    if not DATASETS[name].prepared:
        raise DataError(f"dataset {name}", "needs no preparation", todo="use it in a sweep file")
    module = module_of(name)
    dataset = _downloaded(name, module) if source is None else _read(name, module, source)
    return write_cache(dataset, data_dir)


def _downloaded(name: str, module: ModuleType) -> Dataset:
    with tempfile.TemporaryDirectory() as folder:
        try:
            dataset: Dataset = module.download(Path(folder))
        except (OSError, RuntimeError) as error:
            raise DataError(
                f"dataset {name}",
                f"the download failed ({error})",
                todo=f"fetch it elsewhere and run `gensweep data prepare {name} --from PATH`",
            ) from error
        return dataset


def _read(name: str, module: ModuleType, source: Path) -> Dataset:
    forms = f"{DATASETS[name].forms}, {_PARQUET}"
    if not source.exists():
        raise DataError(str(source), "no such file or folder", forms)
    try:
        dataset: Dataset | None = module.read(source)
        if dataset is None and any(source.rglob("train-*.parquet")):
            splits = (sorted(source.rglob(f"{split}-*.parquet")) for split in ("train", "test"))
            most = DATASETS[name].train, DATASETS[name].test
            train, test = (
                _read_parquet(files, DATASETS[name], rows)
                for files, rows in zip(splits, most, strict=True)
            )
            dataset = module.verified(*train, *test)
    except (DataError, MemoryError):
        raise
    except (Exception, SystemExit) as error:  # whatever a damaged file makes its reader raise
        why = str(error) or type(error).__name__
        raise DataError(str(source), f"cannot be read as {name} ({why[:200]})", forms) from error
    if dataset is None:
        raise DataError(str(source), f"holds no {name}", forms)
    return dataset


def _read_parquet(files: list[Path], about: Source, most: int) -> tuple[Images, Labels]:
    """Columns `img` or `image` (a struct with PNG `bytes`) and `label`, as Hugging Face has them.

    Images are (N, H, W, 3), or (N, H, W) with one channel. Raises ValueError for more than `most`
    images, or one of another size.
    """
    images: list[Images] = []
    labels: list[int] = []
    opened = [pq.ParquetFile(file) for file in files]
    if sum(file.metadata.num_rows for file in opened) > most:
        raise ValueError(f"there are more than {most} images")
    for file in opened:
        column = "img" if "img" in file.schema_arrow.names else "image"
        if column not in file.schema_arrow.names or "label" not in file.schema_arrow.names:
            raise ValueError("there are no columns `img` or `image`, and `label`")
        for batch in file.iter_batches(batch_size=_ROWS):
            labels += batch.column("label").to_pylist()
            images += [_image(cell, about) for cell in batch.column(column).to_pylist()]
    return np.stack(images), np.array(labels, np.int64)


def _image(cell: Any, about: Source) -> Images:
    """Raises ValueError, before it unpacks a pixel, for an image of another size."""
    content = cell.get("bytes") if isinstance(cell, dict) else None
    if not isinstance(content, bytes):
        raise ValueError("an image has no bytes")
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except UnidentifiedImageError:
        raise ValueError("an image is neither PNG nor JPEG") from None
    if image.size != (about.size, about.size):
        raise ValueError("an image is {}x{}".format(*image.size))
    return np.asarray(image.convert("L" if about.channels == 1 else "RGB"))
