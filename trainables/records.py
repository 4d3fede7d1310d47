"""What a trial reports while it runs. Steps count optimizer updates, epochs count from 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # planning needs no NumPy
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Started:
    """The trial is loaded and about to train.

    If it continues an earlier attempt, `epoch` epochs come from that attempt, and `seconds` is the
    time of those epochs and of the part of the next one. Their records follow again.
    """

    device: str
    parameters: int
    seconds: float = 0.0
    epoch: int = 0


@dataclass(frozen=True)
class Steps:
    """A logging window has closed: the mean training loss (nats) of its steps."""

    step: int
    train_loss: float


@dataclass(frozen=True)
class Epoch:
    """An epoch has ended and was evaluated.

    Errors and fractions in [0, 1], losses in nats. `seconds` is the training time since the
    previous evaluation: one epoch if every epoch is evaluated.

    Training figures are full passes in evaluation mode over the unaugmented training set as
    randomized. A figure over an empty set of examples is None, such as that of corrupted examples
    on true labels. Top-5 errors are the shares of examples whose label is not among the five
    likeliest classes; None where there are at most five.
    """

    epoch: int
    step: int
    lr: float
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    corrupted_train_error: float | None
    clean_train_error: float | None
    memorized_fraction: float | None
    recovered_fraction: float | None
    seconds: float
    train_top5_error: float | None = None
    test_top5_error: float | None = None


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to continue the trial from here; `checkpoint.deserialize` reads `content`.

    `epoch` is the current one, or the last that ended; `step` counts from the trial's start.
    """

    epoch: int
    step: int
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Measures:
    """Measures of the trained weights and margins of a trial that is done.

    Norms are Euclidean, over all trainable parameters as one vector. `spectral_log_product` is
    the sum over weight matrices of the logarithm of their largest singular value; a convolution
    counts as its matrix (out, in * height * width). A margin is the logit of the given label minus
    the largest other one, in evaluation mode; the smallest, the 10th percentile and the median are
    over the training set.
    """

    weight_norm: float
    initial_weight_norm: float
    distance_from_initialization: float
    spectral_log_product: float
    margin_min: float
    margin_p10: float
    margin_median: float


@dataclass(frozen=True, eq=False)
class Examples:
    """When each training example was learned, in the dataset's order; every array is (N,).

    changed:          whether its given label is not its true one.
    first_learned:    the first epoch after which it was predicted as its given label; 0 if none.
    learned_for_good: the epoch since which it always was; 0 if it is wrong after the last epoch.
    forgotten:        the number of epochs after which it was wrong, although right after the epoch
                      before.
    """

    changed: NDArray[np.bool_]
    first_learned: NDArray[np.int32]
    learned_for_good: NDArray[np.int32]
    forgotten: NDArray[np.int32]


@dataclass(frozen=True)
class Measurement:
    """A number that a trial measured, other than an epoch's; the trainable defines its unit.

    at: the step, size or setting that it belongs to; None if there is only one.
    """

    name: str
    value: float
    at: float | None = None


@dataclass(frozen=True)
class Ended:
    """The trial is over; `reason` says why, unless it is done."""

    status: Literal["done", "diverged", "interrupted"]
    reason: str = ""


Record = Started | Steps | Epoch | Checkpoint | Measures | Examples | Measurement | Ended
