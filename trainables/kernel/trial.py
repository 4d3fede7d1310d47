"""What decides a trial of a kernel: data, features, kernel, and how the equations are solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Interval

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.fields import About, Decides
from gensweep.trainables.trial import Trial

Features = Literal["raw_pixels", "gabor_wavelets", "random_features"]
Labels = Literal["true_labels", "random_labels"]

FILTERS = 32_000  # the paper's
PATCH = 6  # pixels: height and width of what a filter sees
# The first author's published bandwidth, for pixels / 255.
_PUBLISHED = {("mnist", "raw_pixels"): 0.02}


@dataclass(frozen=True, kw_only=True)
class KernelTrial(Trial):
    """Solve (K + l2 I) α = y for all classes at once, and predict the test set.

    model:     the features, as table 3 has them.
    kernel:    "gaussian" is k(x, z) = exp(-bandwidth ||x - z||²), "linear" is <x, z>. On random
               features it is linear: there are too many of them to keep.
    bandwidth: with pixels / 255; 0 is 0.02 on MNIST's pixels, as the first author published, and
               elsewhere 2 / (median of ||x - z||² over pairs of training examples), which would
               be 0.019 there.
    l2:        what is added to K's diagonal, in units of its mean; 0 interpolates.
    n:         training examples, drawn at random; those of a smaller n are among those of a
               larger one. 0 is all of them.
    filters:   of random features; the paper's are 32 000.
    precision: of the matrix and of its factor. Residuals are float64 in either case.

    Raises TrialError for more examples than the dataset has.
    """

    trainable: ClassVar[str] = "kernel"

    model: Features = "raw_pixels"
    dataset: str = "mnist"
    randomization: Labels = "true_labels"
    seed: Annotated[int, Interval(ge=0, lt=2**32), About(decides=Decides.SEED)] = 0
    kernel: Literal["gaussian", "linear"] = "gaussian"
    bandwidth: Annotated[float, Ge(0.0)] = 0.0
    l2: Annotated[float, Ge(0.0)] = 0.0
    n: Annotated[int, Ge(0)] = 0
    filters: Annotated[int, Ge(1)] = FILTERS
    precision: Literal["fp32", "fp64"] = "fp64"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model == "random_features":
            self._set("kernel", "linear")
        else:
            self._set("filters", FILTERS)
        if self.kernel == "linear" or self.bandwidth == self.published_bandwidth:
            self._set("bandwidth", 0.0)
        if self.dataset in DATASETS:
            self._check_size()

    def _check_size(self) -> None:
        train = DATASETS[self.dataset].train
        if self.n > train:
            has = f"{self.dataset} has {train} training examples; 0 is all"
            raise TrialError("n", f"{self.n} is too many", has)
        if self.n == train:
            self._set("n", 0)
        drawn = self.n or self.randomization != "true_labels" or self.model == "random_features"
        if not drawn:
            self._set("seed", 0)

    @property
    def published_bandwidth(self) -> float | None:
        return _PUBLISHED.get((self.dataset, self.model))

    @property
    def examples(self) -> int:
        """How many there are to train on."""
        return self.n or DATASETS[self.dataset].train

    @property
    def dimensions(self) -> int:
        """Values of an image."""
        source = DATASETS[self.dataset]
        return source.channels * source.size**2

    @property
    def needs_float64(self) -> bool:
        return True

    @property
    def cost(self) -> int:
        """Of the matrix, of its factor and, where there are any, of the filters."""
        source = DATASETS[self.dataset]
        matrix = self.examples**2 * self.examples // 6
        if self.model != "random_features":
            return matrix + self.examples**2 * self.dimensions
        places = (source.size - PATCH + 1) ** 2 * source.channels * PATCH**2
        convolutions = 2 * (self.examples + source.test) * self.filters * places
        return matrix + self.examples**2 * 4 * self.filters + convolutions
