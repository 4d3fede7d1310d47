"""One trial's way through the training loop."""

from __future__ import annotations

from math import inf

from gensweep.trainables.classifier.checkpoint import Saved
from gensweep.trainables.classifier.engines.protocol import Evaluation
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended, Epoch, Steps

# Mean training loss (nats) of an epoch, below which its network may fit the training set. A wrong
# prediction costs at least ln 2, so at most one in seven was wrong during the epoch.
_MAY_HAVE_FITTED = 0.1


class TrialState:
    """A trial's reported records and times, and whether it is over.

    lane:            the engine's.
    epochs:          epochs that have ended.
    steps:           optimizer updates in them.
    seconds_before:  time of earlier attempts.
    epoch_seconds:   training since the last evaluation.
    """

    def __init__(self, trial: ClassifierTrial, lane: int) -> None:
        self.trial, self.lane = trial, lane
        self.records: list[Steps | Epoch] = []
        self.epochs = self.steps = 0
        self.seconds_before = self.epoch_seconds = 0.0
        self.ended: Ended | None = None
        self._fitted = False
        self._fitted_in_a_row = 0

    def take_over(self, saved: Saved) -> None:
        for record in saved.records:
            self.add(record)
        if saved.epochs is not None:
            self.epochs, self.steps = saved.epochs, saved.steps
        self.seconds_before, self.epoch_seconds = saved.seconds, saved.epoch_seconds

    def add(self, record: Steps | Epoch) -> None:
        self.records.append(record)
        if isinstance(record, Epoch):
            self.epochs, self.steps, self.epoch_seconds = record.epoch, record.step, 0.0
            self._fitted |= record.train_error == 0.0
            self._fitted_in_a_row = self._fitted_in_a_row + 1 if record.train_error == 0.0 else 0
            self.ended = self._verdict()

    @property
    def evaluates(self) -> bool:
        """Whether the current epoch, whose steps are done, is evaluated."""
        if self.trial.evaluates(self.epochs + 1):
            return True
        if self._fitted:
            return self.trial.stop == "fit" and self._fitted_in_a_row > 0
        return self._epoch_loss() < _MAY_HAVE_FITTED

    def _epoch_loss(self) -> float:
        """The mean training loss of the steps since the last epoch ended."""
        windows: list[Steps] = []
        for record in reversed(self.records):
            if record.step <= self.steps:
                break
            if isinstance(record, Steps):
                windows.append(record)
        total, before = 0.0, self.steps
        for window in reversed(windows):
            total += (window.step - before) * window.train_loss
            before = window.step
        return total / (before - self.steps) if windows else inf

    def passed(self, steps: int) -> None:
        """End the current epoch, which had `steps` steps, without an evaluation."""
        self.epochs += 1
        self.steps += steps

    def evaluated(self, steps: int, train: Evaluation, test: Evaluation) -> Epoch:
        """The record of the current epoch, which had `steps` steps."""
        epoch = self.epochs + 1
        return Epoch(
            epoch=epoch,
            step=self.steps + steps,
            lr=self.trial.lr_in(epoch),
            train_loss=train.loss,
            train_error=train.error,
            test_loss=test.loss,
            test_error=test.error,
            corrupted_train_error=None if train.memorized is None else 1.0 - train.memorized,
            clean_train_error=train.clean_error,
            memorized_fraction=train.memorized,
            recovered_fraction=train.recovered,
            seconds=self.epoch_seconds,
            train_top5_error=train.top5_error,
            test_top5_error=test.top5_error,
        )

    def _verdict(self) -> Ended | None:
        """Whether the trial is over after its last epoch, and why."""
        if self.trial.stop == "fit" and self._fitted_in_a_row >= self.trial.patience:
            return Ended("done", "training error 0")
        if self.epochs >= self.trial.epochs:
            return Ended("done")
        return None
