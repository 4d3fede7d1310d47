"""The job that is timed, and a variant's timing of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets.arrays import Dataset, write_cache

BATCH = 128
LR, MOMENTUM = 0.01, 0.9
TEST_IMAGES = 128


@dataclass(frozen=True)
class Job:
    """One model, on synthetic images of CIFAR-10's shape under `data_dir`, with `images` per epoch.

    threads: CPU threads of PyTorch for one process.
    """

    model: str
    images: int
    data_dir: Path
    device: str
    threads: int

    def trial(self, epochs: int = 10_000, **settings: object) -> ClassifierTrial:
        defaults = {"randomization": "random_labels", "batch_size": BATCH, "lr_decay": 1.0}
        fields = {"model": self.model, "lr": LR, "momentum": MOMENTUM, "epochs": epochs}
        return ClassifierTrial(**{**defaults, **fields, **settings})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Lap:
    """An epoch of `trials` trials side by side: seconds of training, and of evaluating both splits.

    evaluation: None if the variant does not evaluate.
    """

    trials: int
    training: float
    evaluation: float | None = None

    @property
    def seconds(self) -> float:
        return self.training + (self.evaluation or 0.0)


# A variant: trains the job's model for one epoch per lap requested.
Laps = Callable[[Job], Generator[Lap]]


def write_images(images: int, data_dir: Path) -> None:
    rng = np.random.default_rng(0)

    def split(size: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.integers(0, 256, (size, 32, 32, 3), dtype=np.uint8), rng.integers(0, 10, size)

    write_cache(Dataset("cifar10", 10, *split(images), *split(TEST_IMAGES)), data_dir)
