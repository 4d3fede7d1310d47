"""A linear regression and how it is descended; imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Interval

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.fields import About, Decides
from gensweep.trainables.trial import Trial

GAUSSIAN = "gaussian"
TEACHERS = 10  # linear functions of gaussian data, of which the largest is a point's class


@dataclass(frozen=True, kw_only=True)
class MinNormTrial(Trial):
    """Gradient descent or SGD on half the mean squared distance to one-hot labels (section 5).

    Equal computations are equal trials: what has no effect is brought to its default, and SGD
    whose batch is all examples is gradient descent.

    dataset:    images, or "gaussian": independent standard normal features, labelled with the
                largest of TEACHERS random linear functions of them.
    features:   of images: "raw" pixels in [0, 1]; "whitened" as the networks see them; "relu",
                `d` random ReLU features of the whitened pixels; or "kernel", the `n` features
                whose inner products are exp(-bandwidth * squared distance) of raw pixels.
    n:          training examples, a random part of the dataset's training set.
    d:          features, of "relu" and of gaussian data; elsewhere it follows, and is 0 here.
    corruption: probability p in [0, 1] that a training label is replaced by a random one, as in
                `partial_labels`.
    start:      all weights zero, or random normal ones outside and inside the data's span.
    scale:      norm of the random start, in units of the minimum-norm solution's.
    lr:         in units of 1 / L, the same for all data: below 2 both methods converge where the
                data can be fitted exactly (`spectrum.smoothness`), above it gradient descent does
                not.
    steps:      updates of the weights.
    batch_size: of SGD, drawn anew for every step; 0 for gradient descent.

    Raises TrialError where there are not more features than examples, as then no choice is left
    among exact fits. A kernel's features that lie outside the span of the data go without saying:
    nothing ever moves them from zero.
    """

    trainable: ClassVar[str] = "min_norm"

    dataset: Annotated[str, About(besides=(GAUSSIAN,))] = "digits"
    features: Literal["raw", "whitened", "relu", "kernel"] = "raw"
    n: Annotated[int, Ge(2)] = 20
    d: Annotated[int, Ge(0)] = 0
    bandwidth: Annotated[float, Gt(0.0)] = 0.02
    corruption: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.0
    method: Literal["gd", "sgd"] = "sgd"
    start: Literal["zero", "random"] = "zero"
    scale: Annotated[float, Gt(0.0)] = 1.0
    lr: Annotated[float, Gt(0.0)] = 1.0
    steps: Annotated[int, Ge(1)] = 10_000
    batch_size: Annotated[int, Ge(0)] = 1
    precision: Literal["fp64", "fp32"] = "fp64"
    seed: Annotated[int, Interval(ge=0, lt=2**32), About(decides=Decides.SEED)] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.method == "sgd" and self.batch_size == 0:
            raise TrialError("batch_size", "SGD needs a batch", "a whole number, at least 1")
        if self.batch_size >= self.n:
            self._set("method", "gd")
        if self.method == "gd":
            self._set("batch_size", 0)
        if self.start == "zero":
            self._set("scale", 1.0)
        if self.features != "kernel":
            self._set("bandwidth", 0.02)
        self._check_data()

    def _check_data(self) -> None:
        drawn = self.dataset == GAUSSIAN or self.features == "relu"
        if not drawn:
            self._set("d", 0)
        if self.dataset == GAUSSIAN and self.features != "raw":
            raise TrialError("features", "gaussian data have no pixels", "raw")
        if self.dataset in DATASETS and self.n > DATASETS[self.dataset].train:
            most = DATASETS[self.dataset].train
            raise TrialError("n", f"{self.dataset} has no {self.n} examples", f"at most {most}")
        if self.features != "kernel" and self.n >= self.width:
            where = "d" if drawn else "n"
            what = f"{self.n} examples have {self.width} features, too few to fit them in many ways"
            allowed = f"above {self.n}" if drawn else f"below {self.width}, or relu features"
            raise TrialError(where, what, allowed)

    @property
    def width(self) -> int:
        """How many features an example has."""
        if self.dataset == GAUSSIAN or self.features == "relu":
            return self.d
        if self.features == "kernel":
            return self.n
        source = DATASETS[self.dataset]
        return source.view**2 * source.channels

    @property
    def classes(self) -> int:
        return TEACHERS if self.dataset == GAUSSIAN else DATASETS[self.dataset].classes

    @property
    def needs_float64(self) -> bool:
        return self.precision == "fp64"

    @property
    def cost(self) -> int:
        return self.steps * 2 * (self.batch_size or self.n) * self.width * self.classes
