"""The training loop: the order of epochs, evaluation, and when a trial ends."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence

from trainables.engines.protocol import Engine, Evaluation
from trainables.records import Ended, Epoch, Record, Started, Steps
from trainables.trial import ClassifierTrial

Should = Callable[[], bool]


class _Lane:
    """Where one trial stands in the loop."""

    def __init__(self, trial: ClassifierTrial) -> None:
        self.trial = trial
        self.steps = 0
        self.fitted_in_a_row = 0
        self.ended: Ended | None = None


def fit(
    trials: Sequence[ClassifierTrial], engine: Engine, should_stop: Should
) -> Iterator[tuple[str, Record]]:
    """Train every trial to its end, yielding (trial_id, record) as things happen.

    Each trial yields one Started, then Steps and Epoch records, then exactly one Ended.
    `should_stop` is asked between logging windows; trials it cuts short end as interrupted.
    """
    lanes = [_Lane(trial) for trial in trials]
    for lane in lanes:
        yield lane.trial.trial_id, Started(engine.device, engine.parameters)
    epoch = 0
    while active := [i for i, lane in enumerate(lanes) if lane.ended is None]:
        epoch += 1
        yield from _run_epoch(epoch, [lanes[i] for i in active], active, engine, should_stop)


def _run_epoch(
    epoch: int, lanes: Sequence[_Lane], indices: Sequence[int], engine: Engine, should_stop: Should
) -> Iterator[tuple[str, Record]]:
    started = time.perf_counter()
    before = [lane.steps for lane in lanes]
    for window in engine.train_epoch(epoch, indices):
        for lane, steps_before, loss in zip(lanes, before, window.train_loss, strict=True):
            lane.steps = steps_before + window.steps
            if lane.ended is None and not math.isfinite(loss):
                lane.ended = Ended("diverged", f"training loss is {loss} at step {lane.steps}")
            elif lane.ended is None:
                yield lane.trial.trial_id, Steps(lane.steps, loss)
        if should_stop():
            for lane in lanes:
                lane.ended = lane.ended or Ended("interrupted", f"stopped in epoch {epoch}")
            break
        if all(lane.ended for lane in lanes):
            break
    seconds = time.perf_counter() - started
    for lane, index in zip(lanes, indices, strict=True):
        if lane.ended is None:
            record = _epoch_record(epoch, lane, seconds, *engine.evaluate(index))
            lane.ended = _verdict(lane, record)
            if lane.ended is None or lane.ended.status == "done":
                yield lane.trial.trial_id, record
        if lane.ended is not None:
            yield lane.trial.trial_id, lane.ended


def _epoch_record(
    epoch: int, lane: _Lane, seconds: float, train: Evaluation, test: Evaluation
) -> Epoch:
    trial = lane.trial
    return Epoch(
        epoch=epoch,
        step=lane.steps,
        lr=trial.lr_in(epoch),
        train_loss=train.loss,
        train_error=train.error,
        test_loss=test.loss,
        test_error=test.error,
        corrupted_train_error=None if train.memorized is None else 1.0 - train.memorized,
        clean_train_error=train.clean_error,
        memorized_fraction=train.memorized,
        recovered_fraction=train.recovered,
        seconds=seconds,
    )


def _verdict(lane: _Lane, record: Epoch) -> Ended | None:
    """Whether the trial is over after this epoch, and how."""
    if not math.isfinite(record.train_loss):
        return Ended("diverged", f"loss over the training set is {record.train_loss}")
    lane.fitted_in_a_row = lane.fitted_in_a_row + 1 if record.train_error == 0.0 else 0
    if lane.trial.stop == "fit" and lane.fitted_in_a_row >= lane.trial.patience:
        return Ended("done", "training error 0")
    if record.epoch >= lane.trial.epochs:
        return Ended("done")
    return None
