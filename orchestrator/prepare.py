"""Bringing datasets: from the internet, or from files that are already here."""

from __future__ import annotations

import errno
import io
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, UnidentifiedImageError

from gensweep.orchestrator.parquet_images import encoded, parquet_pictures, parquet_rows
from gensweep.trainables.datasets import DATASETS, Source, module_of
from gensweep.trainables.datasets.arrays import Arriving, Dataset, Images, Part, write_cache
from gensweep.trainables.datasets.pictures import Pictures
from gensweep.trainables.errors import DataError

_PARQUET = (
    "or a folder of Parquet files train-*.parquet and test-*.parquet (or validation-*.parquet) "
    "with columns img or image, and label"
)

Found = Dataset | Arriving | Pictures

_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def prepare(
    name: str,
    data_dir: Path,
    source: Path | None = None,
    tell: Callable[[str], None] = lambda words: None,
) -> Path:
    """Verify a dataset and keep it in a form that trials read fast; return its folder.

    Without `source` it is downloaded. `tell` hears how far a long preparation is. Raises DataError
    if it is not to be had or not official.
    """
    if not DATASETS[name].prepared:
        raise DataError(f"dataset {name}", "needs no preparation", todo="use it in a sweep file")
    module = module_of(name)
    if source is None:
        return _keep(_downloaded(name, module), data_dir, tell)
    forms = f"{DATASETS[name].forms}, {_PARQUET}"
    if not source.exists():
        raise DataError(str(source), "no such file or folder", forms)
    try:
        if found := _read(name, module, source):
            return _keep(found, data_dir, tell)
    except (DataError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, OSError) and error.errno in _OF_WRITING:
            raise
        # Whatever a damaged file makes its reader raise
        why = str(error) or type(error).__name__
        raise DataError(str(source), f"cannot be read as {name} ({why[:200]})", forms) from error
    raise DataError(str(source), f"holds no {name}", forms)


def _keep(
    found: Dataset | Arriving | Pictures, data_dir: Path, tell: Callable[[str], None]
) -> Path:
    if isinstance(found, Pictures):
        from gensweep.trainables.datasets.packing import pack  # it loads torch, which is slow

        return pack(found, data_dir, tell)
    return write_cache(found, data_dir)


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


def _read(name: str, module: ModuleType, source: Path) -> Found | None:
    found: Found | None = module.read(source)
    if found is None and any(source.rglob("train-*.parquet")):
        about = DATASETS[name]
        train = sorted(source.rglob("train-*.parquet"))
        # Where the labels of a test set are secret, the validation set is what results are about.
        test = sorted(source.rglob("validation-*.parquet")) or sorted(
            source.rglob("test-*.parquet")
        )
        if about.encoded:
            return parquet_pictures(train, test)
        splits = _parts(train, about, about.train), _parts(test, about, about.test)
        if hasattr(module, "arriving"):
            found = module.arriving(*splits)
        else:
            found = module.verified(*chain(*map(_whole, splits)))
    return found


def _whole(parts: Iterator[Part]) -> Part:
    """One part of all. Raises ValueError if there are none."""
    images, labels = zip(*parts, strict=True)
    return Part(np.concatenate(images), np.concatenate(labels))


def _parts(files: list[Path], about: Source, most: int) -> Iterator[Part]:
    """Columns `img` or `image` (a struct with PNG or JPEG `bytes`) and `label`, as Hugging Face has
    them.

    Images are (N, H, W, 3), or (N, H, W) with one channel. Raises ValueError for more than `most`
    images, or one of another size.
    """
    opened = [pq.ParquetFile(file) for file in files]
    if sum(file.metadata.num_rows for file in opened) > most:
        raise ValueError(f"there are more than {most} images")
    for cells, labels in parquet_rows(opened):
        images = [_image(encoded(cell), about) for cell in cells]
        yield Part(np.stack(images), np.array(labels, np.int64))


def _image(content: bytes, about: Source) -> Images:
    """Raises ValueError, before it unpacks a pixel, for an image of another size."""
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except UnidentifiedImageError:
        raise ValueError("an image is neither PNG nor JPEG") from None
    if image.size != (about.size, about.size):
        raise ValueError("an image is {}x{}".format(*image.size))
    return np.asarray(image.convert("L" if about.channels == 1 else "RGB"))
