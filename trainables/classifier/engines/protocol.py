"""The protocol between the training loop and an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from gensweep.trainables.records import Examples, Measures

Should = Callable[[], bool]


@dataclass(frozen=True)
class Window:
    """A logging window that has closed: the epoch's steps so far, and a mean loss per lane."""

    steps: int
    train_loss: Sequence[float]


@dataclass(frozen=True)
class Evaluation:
    """A full pass over one split: mean loss (nats), error, and the error where labels were changed.

    top5_error is the share of examples whose label is not among the five largest logits; None with
    at most five classes.

    memorized and recovered are the shares of changed examples predicted as their given label,
    and as their true one; `clean_error` is the error on all other examples. None if there is no
    such example.
    right (N,) marks the examples predicted as their given label.
    """

    loss: float
    error: float
    clean_error: float | None
    memorized: float | None
    recovered: float | None
    top5_error: float | None
    right: Tensor = field(compare=False, repr=False)


class Engine(Protocol):
    """Trains one or more lanes: trials of equal shape (model, dataset, batch size, precision and
    logging window), each with its own weights and data."""

    @property
    def device(self) -> str:
        """The device's name, such as `cpu` or `NVIDIA H200`."""

    @property
    def parameters(self) -> int:
        """Trainable parameters of one lane."""

    def train_epoch(self, epochs: Mapping[int, int], should_stop: Should) -> Iterator[Window]:
        """Train each lane for the rest of its epoch (lane -> epoch, counted from 1).

        Yields every logging window that closes, with losses in the order of `epochs`; the last
        window closes with the epoch. `should_stop` is called after every optimizer step, and after
        a window that closes with the step; True stops between two steps. The lanes must be at the
        same step of their epochs.
        """

    def evaluate(self, lane: int, should_stop: Should) -> tuple[Evaluation, Evaluation] | None:
        """Full passes in evaluation mode over the training and the test set.

        `should_stop` is called between batches; None if it cut the passes short.
        """

    def measure(self, lane: int, should_stop: Should) -> Measures | None:
        """Measures of a trial that is done; None if `should_stop` cut it short."""

    def examples(self, lane: int) -> Examples | None:
        """When each training example was learned; None if not followed."""

    def steps(self, lane: int, epoch: int) -> int:
        """Optimizer steps of this lane in this epoch so far."""

    def state(self, lane: int) -> dict[str, Any]:
        """Everything needed to continue this lane from here, between any two of its steps.

        Nested containers of numbers, strings and live tensors; save them before training continues.
        """

    def restore(self, lane: int, state: Mapping[str, Any]) -> None:
        """Restore a lane from `state`; the engine owns the tensors from now on.

        Raises CheckpointError for a state that cannot be continued on this device.
        """

    def close(self) -> None:
        """End the trials; keep what the next ones can reuse."""
