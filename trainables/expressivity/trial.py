"""A trial of theorem 1: which sample, which labels, and how a network comes to fit them.

Imports no torch, so that planning a sweep stays instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Interval

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.fields import About, Decides
from gensweep.trainables.trial import Trial

GAUSSIAN = "gaussian"
_TRAINING = {"epochs": 100, "batch_size": 128, "lr": 0.01, "momentum": 0.9}


@dataclass(frozen=True, kw_only=True)
class ExpressivityTrial(Trial):
    """A network of 2n + d weights on n points in d dimensions, constructed or trained.

    dataset:       images as the networks see them, or "gaussian": independent standard normals.
    randomization: true labels, or uniform classes. Gaussian points have none that are true.
    n:             how many points: the first n of a random order of the training set.
    d:             dimensions of gaussian points; 0 for images, which have their own.
    classes:       how many random labels tell apart; true labels have the dataset's.
    output:        "real": one output, whose target is the number of the class; "one_hot": an
                   output per class, regressed on 0 and 1.
    precision:     in which everything is computed, weights and outputs alike.
    method:        "construct" the weights, or train a network of as many by "sgd".
    depth:         hidden layers of the construction; 1 is theorem 1, more are its corollary, with
                   a width of about n / depth.
    knot:          where a threshold lies between its neighbours' projections, as a share of the
                   way up. Larger is worse conditioned.
    epochs, batch_size, lr, momentum: of SGD.

    Raises TrialError where there are not so many points, dimensions or units.
    """

    trainable: ClassVar[str] = "expressivity"

    dataset: Annotated[str, About(besides=(GAUSSIAN,))] = "cifar10"
    randomization: Literal["true_labels", "random_labels"] = "random_labels"
    n: Annotated[int, Ge(1)] = 1000
    d: Annotated[int, Ge(0)] = 0
    classes: Annotated[int, Ge(2)] = 10
    output: Literal["real", "one_hot"] = "real"
    precision: Literal["fp32", "fp64"] = "fp64"
    method: Literal["construct", "sgd"] = "construct"
    depth: Annotated[int, Ge(1)] = 1
    knot: Annotated[float, Interval(gt=0.0, le=0.5)] = 0.25
    epochs: Annotated[int, Ge(1)] = 100
    batch_size: Annotated[int, Ge(1)] = 128
    lr: Annotated[float, Gt(0.0)] = 0.01
    momentum: Annotated[float, Interval(ge=0.0, lt=1.0)] = 0.9
    seed: Annotated[int, Interval(ge=0, lt=2**32), About(decides=Decides.SEED)] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dataset == GAUSSIAN:
            self._set("randomization", "random_labels")
            if not self.d:
                raise TrialError("d", "gaussian points need dimensions", "at least 1")
        else:
            self._set("d", 0)
            if self.dataset in DATASETS:
                self._check_dataset()
        if self.method == "sgd":
            self._set("depth", 1)
            self._set("knot", 0.25)
        else:
            for name, default in _TRAINING.items():
                self._set(name, default)
        if self.depth > self.n:
            raise TrialError("depth", f"{self.depth} layers share {self.n} units", "at most n")

    def _check_dataset(self) -> None:
        source = DATASETS[self.dataset]
        if self.n > source.train:
            what = f"{self.dataset} has no {self.n} training examples"
            raise TrialError("n", what, f"at most {source.train}")
        if self.randomization == "true_labels":
            self._set("classes", source.classes)

    @property
    def outputs(self) -> int:
        return self.classes if self.output == "one_hot" else 1

    @property
    def needs_float64(self) -> bool:
        return self.precision == "fp64"

    @property
    def cost(self) -> int:
        """Multiply-accumulates of the forward pass over the sample, or of all of training."""
        inputs = self.d or DATASETS[self.dataset].view ** 2 * DATASETS[self.dataset].channels
        if self.method == "construct":
            return self.n * (inputs + self.n * (1 + self.outputs))
        weights = inputs + self.n * (1 + self.outputs)
        return 4 * self.epochs * self.n * weights  # both passes of training, and an evaluation
