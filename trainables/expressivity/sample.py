"""The points and labels of a trial. Both depend on the seed, and are nested in n."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gensweep.trainables.datasets import DATASETS, load
from gensweep.trainables.expressivity.trial import GAUSSIAN, ExpressivityTrial
from gensweep.trainables.preprocessing import center_crop, to_unit_range, whiten
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.seeds import generator


@dataclass(frozen=True)
class Sample:
    """inputs (n, d) float32, the same points in any precision; labels (n,) in [0, classes);
    rows (n,): their indices in the training set, or among the generated points.
    """

    inputs: Tensor
    labels: Tensor
    rows: Tensor
    classes: int

    def targets(self, output: str, precision: torch.dtype) -> Tensor:
        """Targets (n, 1), the number of the class, or one-hot (n, classes)."""
        if output == "real":
            return self.labels[:, None].to(precision)
        return torch.nn.functional.one_hot(self.labels, self.classes).to(precision)


def draw_sample(trial: ExpressivityTrial, data_dir: Path) -> Sample:
    """Raises DataError if the dataset is missing."""
    if trial.dataset == GAUSSIAN:
        draws = generator(trial.seed, "expressivity-points")
        points = draws.standard_normal((trial.n, trial.d), dtype=np.float32)
        rows, truth = np.arange(trial.n), np.zeros(trial.n, np.int64)
        inputs = torch.from_numpy(points)
    else:
        dataset = load(trial.dataset, data_dir)
        order = generator(trial.seed, "expressivity-sample").permutation(len(dataset.train_labels))
        rows, truth = order[: trial.n], dataset.train_labels
        inputs = _as_seen(dataset.train_images[rows], DATASETS[trial.dataset].view)
    labels = truth[rows]
    if trial.randomization == "random_labels":
        labels = corrupt_labels(truth, trial.classes, 1.0, trial.seed)[rows]
    return Sample(inputs, torch.tensor(labels), torch.tensor(rows), trial.classes)


def _as_seen(images: np.ndarray, side: int) -> Tensor:
    """Images (N, H, W, C), cropped and whitened as for the classifiers, as rows (N, d)."""
    pixels = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    return whiten(to_unit_range(center_crop(pixels, side))).flatten(1)
