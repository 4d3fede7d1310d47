"""Bringing datasets: from the internet, or from files that are already here."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from gensweep.trainables.datasets import DATASETS, module_of
from gensweep.trainables.datasets.arrays import Dataset, Images, Labels, write_cache
from gensweep.trainables.errors import DataError

_PARQUET = (
    "or a folder of Parquet files train-*.parquet and test-*.parquet with columns img and label"
)


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
            train, test = (_read_parquet(files, DATASETS[name].channels) for files in splits)
            dataset = module.verified(*train, *test)
    except DataError:
        raise
    except Exception as error:  # whatever a damaged file makes its reader raise
        raise DataError(str(source), f"cannot be read as {name} ({error})", forms) from error
    if dataset is None:
        raise DataError(str(source), f"holds no {name}", forms)
    return dataset


def _read_parquet(files: list[Path], channels: int) -> tuple[Images, Labels]:
    """Columns `img` or `image` (a struct with PNG `bytes`) and `label`, as Hugging Face has them.

    Images are (N, H, W, 3), or (N, H, W) with one channel.
    """
    mode = "L" if channels == 1 else "RGB"
    images: list[Images] = []
    labels: list[int] = []
    for file in map(pq.ParquetFile, files):
        column = "img" if "img" in file.schema_arrow.names else "image"
        for batch in file.iter_batches(batch_size=5000):
            labels += batch.column("label").to_pylist()
            images += [
                np.asarray(Image.open(io.BytesIO(image["bytes"])).convert(mode))
                for image in batch.column(column).to_pylist()
            ]
    return np.stack(images), np.array(labels, np.int64)
