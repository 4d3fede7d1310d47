"""What the training loop asks of an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Window:
    """A logging window that has closed: the epoch's steps so far, and a mean loss per lane."""

    steps: int
    train_loss: Sequence[float]


@dataclass(frozen=True)
class Evaluation:
    """A full pass over one split: mean loss (nats), error, and the error where labels were changed.

    memorized and recovered are the shares of changed examples predicted as their given label,
    and as their true one; `clean_error` is the error on all other examples. None: no such example.
    """

    loss: float
    error: float
    clean_error: float | None
    memorized: float | None
    recovered: float | None


class Engine(Protocol):
    """Trains one or more lanes: trials of equal shape (model, dataset, batch size, precision and
    logging window), each with its own weights and data."""

    @property
    def device(self) -> str:
        """The device's name, such as `cpu` or `NVIDIA H200`."""

    @property
    def parameters(self) -> int:
        """Trainable parameters of one lane."""

    def train_epoch(self, epoch: int, lanes: Sequence[int]) -> Iterator[Window]:
        """Train these lanes for one epoch, yielding at the end of every logging window.

        The last window of an epoch closes with the epoch. Closing the iterator early stops.
        """

    def evaluate(self, lane: int) -> tuple[Evaluation, Evaluation]:
        """Full passes in evaluation mode over the training and the test set."""

    def state(self, lane: int) -> dict[str, Any]:
        """Everything that continues this lane from the end of an epoch: the live tensors, to be
        saved before training goes on."""

    def restore(self, lane: int, state: dict[str, Any]) -> None:
        """Put a lane back to what `state` returned."""
