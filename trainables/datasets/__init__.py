"""The dataset registry. Looking a name up loads nothing; `load` opens the arrays."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gensweep.trainables.datasets.arrays import Dataset


@dataclass(frozen=True)
class Source:
    """What is known of a dataset without opening it.

    module:   the file of this package that has its ``load(data_dir) -> Dataset``.
    size:     height and width of its images, in pixels.
    view:     height and width of what a network sees: the central view, or a random crop.
    prepared: whether `gensweep data prepare` must have brought it first.
    """

    module: str
    about: str
    classes: int
    channels: int
    size: int
    view: int
    train: int
    test: int
    prepared: bool = False


DATASETS: dict[str, Source] = {
    "cifar10": Source(
        "cifar10", "32x32 colour photographs of 10 classes", 10, 3, 32, 28, 50_000, 10_000, True
    ),
    "mnist": Source("mnist", "28x28 handwritten digits", 10, 1, 28, 28, 60_000, 10_000, True),
    "digits": Source("digits", "8x8 handwritten digits of scikit-learn", 10, 1, 8, 8, 1437, 360),
    "synthetic": Source("synthetic", "noisy 12x12 prototypes, for tests", 10, 3, 12, 8, 512, 128),
}


def load(name: str, data_dir: Path) -> Dataset:
    """Open a dataset. Raises DataError, with the commands that would bring it, if it is missing."""
    module = import_module(f"{__name__}.{DATASETS[name].module}")
    dataset: Dataset = module.load(data_dir)
    return dataset
