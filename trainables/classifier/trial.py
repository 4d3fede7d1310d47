"""A trial: everything that decides what is computed, and nothing that decides where.

Imports no torch, so that planning a sweep stays instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Interval, Lt

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.models import MODELS
from gensweep.trainables.trial import Trial
from gensweep.trainables.work import multiply_accumulates

Randomization = Literal[
    "true_labels",
    "partial_labels",
    "random_labels",
    "shuffled_pixels",
    "random_pixels",
    "gaussian",
]
Stop = Literal["epochs", "fit"]
Precision = Literal["fp32", "tf32", "bf16"]

# The share of training labels that is redrawn, where the randomization itself decides it.
_FIXED_CORRUPTION = {
    "true_labels": 0.0,
    "random_labels": 1.0,
    "shuffled_pixels": 0.0,
    "random_pixels": 0.0,
    "gaussian": 0.0,
}


@dataclass(frozen=True, kw_only=True)
class ClassifierTrial(Trial):
    """One training run of one network on one (randomized) dataset.

    Equal trials compare and hash equal: fields that have no effect are brought to one form,
    so `partial_labels` at 0 is `true_labels`, and at 1 it is `random_labels`.

    corruption:    probability p in [0, 1] that a training label is replaced; of `partial_labels`
                   only, the other randomizations have their own and ignore it.
    stop:          "epochs" trains all of them; "fit" stops after `patience` epochs in a row
                   with training error 0.
    lr, lr_decay:  the learning rate of the first epoch, and its factor after every epoch.
    evaluate_every: epochs from one evaluation to the next. The first and the last epoch are always
                   evaluated, and so is every epoch that may be the first to reach training error
                   0 (`may_have_fitted`). An epoch that is not evaluated has no row.
    weight_decay:  coefficient of the L2 penalty's gradient, on all parameters.
    dropout:       probability of dropping a unit, in [0, 1).
    rotation:      largest angle of the random rotation, in degrees.
    batch_norm:    False takes batch normalization out of a model that has it.
    log_every:     optimizer steps per row of the `steps` table.

    Raises TrialError where a setting could only be ignored: a crop without a margin to crop
    from, or dropout in a model that has no place for it.
    """

    trainable: ClassVar[str] = "classifier"

    model: str
    dataset: str = "cifar10"
    randomization: Randomization = "true_labels"
    corruption: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.0
    seed: Annotated[int, Interval(ge=0, lt=2**32)] = 0
    epochs: Annotated[int, Ge(1)] = 100
    stop: Stop = "epochs"
    patience: Annotated[int, Ge(1)] = 1
    batch_size: Annotated[int, Ge(1)] = 128
    lr: Annotated[float, Gt(0.0)] = 0.01
    lr_decay: Annotated[float, Interval(gt=0.0, le=1.0)] = 0.95
    momentum: Annotated[float, Interval(ge=0.0, lt=1.0)] = 0.9
    weight_decay: Annotated[float, Ge(0.0)] = 0.0
    dropout: Annotated[float, Interval(ge=0.0, lt=1.0)] = 0.0
    crop: bool = False
    flip: bool = False
    rotation: Annotated[float, Ge(0.0), Lt(180.0)] = 0.0
    batch_norm: bool = True
    precision: Precision = "fp32"
    log_every: Annotated[int, Ge(1)] = 100
    evaluate_every: Annotated[int, Ge(1)] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.randomization == "partial_labels" and self.corruption in (0.0, 1.0):
            self._set("randomization", "random_labels" if self.corruption else "true_labels")
        self._set("corruption", _FIXED_CORRUPTION.get(self.randomization, self.corruption))
        if self.stop == "epochs":
            self._set("patience", 1)
        if self.model in MODELS:
            self._check_model()
        if self.dataset in DATASETS:
            self._check_dataset()

    def _check_model(self) -> None:
        model = MODELS[self.model]
        if not model.batch_norm:
            self._set("batch_norm", False)
        if self.dropout and not model.dropout:
            with_place = ", ".join(name for name, m in MODELS.items() if m.dropout)
            raise TrialError(
                "dropout", f"{self.model} has no place for dropout", f"models that do: {with_place}"
            )

    def _check_dataset(self) -> None:
        source = DATASETS[self.dataset]
        if self.crop and source.view == source.size:
            croppable = ", ".join(name for name, s in DATASETS.items() if s.view < s.size)
            raise TrialError(
                "crop",
                f"{self.dataset} images have no margin to crop from",
                f"datasets that do: {croppable}",
            )

    @property
    def regularizer(self) -> str:
        """The explicit regularizers at work, such as `none`, `wd` or `crop+wd`."""
        parts = {
            "crop": self.crop,
            "flip": self.flip,
            "rotation": self.rotation,
            "wd": self.weight_decay,
            "dropout": self.dropout,
        }
        return "+".join(name for name, on in parts.items() if on) or "none"

    @property
    def input_size(self) -> int:
        """Height and width in pixels of what the network sees."""
        return DATASETS[self.dataset].view

    @property
    def work(self) -> int:
        """Of the forward passes alone. One that stops at training error 0 is taken to need all its
        epochs.
        """
        examples = DATASETS[self.dataset].train
        return self.epochs * examples * multiply_accumulates(self.model, self.dataset)

    def epoch_of(self, step: int) -> int:
        return step // ceil(DATASETS[self.dataset].train / self.batch_size)

    def evaluates(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, is evaluated however well it went."""
        return epoch in (1, self.epochs) or epoch % self.evaluate_every == 0

    def lr_in(self, epoch: int) -> float:
        """The learning rate during an epoch, counted from 1."""
        return self.lr * self.lr_decay ** (epoch - 1)

    @property
    def label(self) -> str:
        """In a few words, such as `alexnet, partial_labels 0.5, crop+wd, seed 1`."""
        model = self.model
        if model == "inception" and not self.batch_norm:
            model += " (no BN)"
        what: str = self.randomization
        if what == "partial_labels":
            what += f" {self.corruption:g}"
        parts = [model, what, self.regularizer if self.regularizer != "none" else ""]
        return ", ".join(filter(None, [*parts, f"seed {self.seed}"]))
