"""A trial of capacity: one measure of one network on one sample. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Interval

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.fields import About, Decides
from gensweep.trainables.models import MODELS, model_label
from gensweep.trainables.models.macs import multiply_accumulates
from gensweep.trainables.models.sizes import check_size
from gensweep.trainables.trial import Trial

Measure = Literal["rademacher", "vc", "stability"]

# What a measure leaves without effect.
_IDLE = {
    "rademacher": ("replacements",),
    "vc": (
        *("labels", "replacements", "seed", "epochs"),
        *("batch_size", "lr", "lr_decay", "momentum"),
    ),
    "stability": (),
}


@dataclass(frozen=True, kw_only=True)
class CapacityTrial(Trial):
    """One measure of capacity, on a sample S of n training images (paper, sections 2.2 and 3).

    S is the same for every seed and network, and that of a smaller n is part of it.

    measure:      "rademacher" fits one draw of labels +1 and -1, a draw per seed; "vc" counts
                  parameters; "stability" trains on S and on S with one example replaced.
    labels:       of rademacher, "random" signs or the "true" ones: in which half of the classes
                  an image is. Of stability, the classes, "random" ones or "true" ones.
    replacements: examples that stability replaces, one at a time.
    epochs:       all of them are trained for stability; fitting ends at training error 0.
    lr, lr_decay: the learning rate of the first epoch, and its factor after every epoch.
    batch_norm:   False takes batch normalization out of a model that has it; of others, True.

    Raises TrialError where the dataset has not so many images, or the sample so many to replace, or
    where the images are too small for the model.
    """

    trainable: ClassVar[str] = "capacity"
    told: ClassVar[frozenset[str] | None] = frozenset(
        {"measure", "model", "batch_norm", "n", "dataset", "labels", "seed"}
    )

    measure: Measure = "rademacher"
    model: str = "mlp_1x512"
    dataset: str = "cifar10"
    n: Annotated[int, Ge(1)] = 1000
    labels: Literal["random", "true"] = "random"
    replacements: Annotated[int, Ge(1)] = 5
    seed: Annotated[int, Interval(ge=0, lt=2**32), About(decides=Decides.SEED)] = 0
    epochs: Annotated[int, Ge(1)] = 100
    batch_size: Annotated[int, Ge(1)] = 128
    lr: Annotated[float, Gt(0.0)] = 0.01
    lr_decay: Annotated[float, Interval(gt=0.0, le=1.0)] = 0.95
    momentum: Annotated[float, Interval(ge=0.0, lt=1.0)] = 0.9
    batch_norm: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        defaults = {f.name: f.default for f in fields(self)}
        for name in _IDLE.get(self.measure, ()):
            self._set(name, defaults[name])
        if self.model in MODELS and not MODELS[self.model].batch_norm:
            self._set("batch_norm", True)
        if self.dataset in DATASETS:
            self._check_size()
        check_size(self.model, self.dataset)

    def _check_size(self) -> None:
        there = DATASETS[self.dataset].train
        spare = self.replacements if self.measure == "stability" else 0
        if spare > self.n:
            raise TrialError(
                "replacements", f"the sample has {self.n} examples", f"at most {self.n}"
            )
        if self.n + spare > there:
            besides = f", besides the {spare} that replace others" if spare else ""
            raise TrialError(
                "n",
                f"{self.dataset} has {there} training images",
                f"at most {there - spare}{besides}",
            )

    def lr_in(self, epoch: int) -> float:
        """The learning rate during an epoch, counted from 1."""
        return self.lr * self.lr_decay ** (epoch - 1)

    @property
    def title(self) -> str:
        """In a few words, such as `stability of alexnet, 300 of digits, true labels`."""
        model = model_label(self.model, self.batch_norm)
        parts = [f"{self.measure} of {model}", f"{self.n} of {self.dataset}"]
        return ", ".join(parts if self.measure == "vc" else [*parts, f"{self.labels} labels"])

    @property
    def cost(self) -> int:
        if self.measure == "vc":
            return 0
        trainings = 2 + self.replacements if self.measure == "stability" else 1
        return trainings * self.epochs * self.n * multiply_accumulates(self.model, self.dataset)
