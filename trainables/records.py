"""What a trial reports while it runs. Steps count optimizer updates, epochs count from 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Started:
    """The trial is loaded and about to train.

    Where it continues an earlier attempt, `epoch` epochs are taken over from it, and `seconds`
    is what they and the part of the next one took. Their records follow once more.
    """

    device: str
    parameters: int
    seconds: float = 0.0
    epoch: int = 0


@dataclass(frozen=True)
class Steps:
    """A logging window has closed: the mean training loss (nats) of the steps since the last."""

    step: int
    train_loss: float


@dataclass(frozen=True)
class Epoch:
    """An epoch has ended. Errors and fractions in [0, 1], losses in nats, `seconds` of training.

    Training figures are full passes in evaluation mode over the unaugmented training set as
    randomized. A figure over an empty set of examples is None: nothing is corrupted on true
    labels.
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


@dataclass(frozen=True)
class Checkpoint:
    """Everything that continues the trial from here; `content` is for `checkpoint.unpack`.

    `epoch` is the one under way, or the last that ended; `step` counts from the trial's start.
    """

    epoch: int
    step: int
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Ended:
    """The trial is over; `reason` says why, where it is not simply done."""

    status: Literal["done", "diverged", "interrupted"]
    reason: str = ""


Record = Started | Steps | Epoch | Checkpoint | Ended
