"""A dataset as arrays, and its memory-mapped cache on disk."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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


def digest(array: NDArray[np.generic]) -> str:
    """SHA-256 of the array's bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def write_cache(dataset: Dataset, data_dir: Path) -> Path:
    """Cache the arrays under `data_dir`, replacing an earlier cache; return their folder.

    The folder appears complete or not at all: it is written under a temporary name and renamed.
    """
    folder = data_dir / dataset.name
    data_dir.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{dataset.name}-", dir=data_dir))
    try:
        for name in _ARRAYS:
            np.save(fresh / f"{name}.npy", np.ascontiguousarray(getattr(dataset, name)))
        about = {"format": FORMAT, "name": dataset.name, "classes": dataset.classes}
        (fresh / "dataset.json").write_text(json.dumps(about) + "\n", "utf-8")
        fresh.chmod(0o755)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{dataset.name}-old-", dir=data_dir))
            os.replace(folder, old)
            shutil.rmtree(old)
        os.replace(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


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
