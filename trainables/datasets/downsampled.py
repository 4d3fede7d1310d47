"""ImageNet (ILSVRC 2012) scaled down to a side of 32 or 64 pixels (Chrabaszcz et al. 2017).

The published archives hold NumPy files, train_data_batch_1.npz to _10.npz and val_data.npz, with
`data` (N, 3 * side * side) uint8, channel after channel, and `labels` (N,) from 1 to 1000. They are
read one at a time, as all together are larger than most memories.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.arrays import Arriving, Part
from gensweep.trainables.errors import DataError

_TRAIN = [f"train_data_batch_{number}.npz" for number in range(1, 11)]
_TEST = "val_data.npz"
_MOST_BYTES = 4_000_000_000  # of a file that is unpacked; those of 64x64 images have 1.6 GB


def read(name: str, source: Path) -> Arriving | None:
    """The batches in a folder, at any depth; None if there are none. Raises ValueError."""
    found = {path.name: path for path in source.rglob("*.npz")} if source.is_dir() else {}
    if not found.keys() & {_TEST, *_TRAIN}:
        return None
    if missing := [batch for batch in (*_TRAIN, _TEST) if batch not in found]:
        raise ValueError(f"there is no {missing[0]} in it")
    side = DATASETS[name].size
    train = (found[batch] for batch in _TRAIN)
    return Arriving(name, _parts(train, side), _parts([found[_TEST]], side))


def download(name: str, folder: Path) -> Any:
    raise DataError(
        f"dataset {name}",
        "can be downloaded from image-net.org by its registered users alone",
        todo=f"fetch it there and run `gensweep data prepare {name} --from PATH`",
    )


def _parts(paths: Iterable[Path], side: int) -> Iterator[Part]:
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            if max((member.file_size for member in archive.infolist()), default=0) > _MOST_BYTES:
                raise ValueError(f"{path.name} holds more than {_MOST_BYTES} bytes")
        with np.load(path, allow_pickle=False) as batch:
            rows, labels = batch["data"], batch["labels"]
        if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != 3 * side * side:
            raise ValueError(f"{path.name} holds no images of {side}x{side} pixels")
        if labels.dtype.kind not in "iu":
            raise ValueError(f"{path.name} holds labels that are no whole numbers")
        images = rows.reshape(-1, 3, side, side).transpose(0, 2, 3, 1)
        yield Part(images, labels.astype(np.int64) - 1)
