"""The training loop: the order of epochs, evaluation, and when a trial ends or is saved."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gensweep.trainables.classifier.checkpoint import Saved, serialize
from gensweep.trainables.classifier.engines.protocol import Engine, Should
from gensweep.trainables.classifier.state import TrialState
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Checkpoint, Ended, Record, Started, Steps

Records = Iterator[tuple[str, Record]]


@dataclass(frozen=True)
class CheckpointPolicy:
    """Where trials continue from, and how often they are saved.

    saved:   the checkpoint of each trial that continues.
    seconds: minimum time between two checkpoints; with inf, only an interruption saves one.
    asked:   how often trials were asked to save themselves at their next step.
    """

    saved: Callable[[ClassifierTrial], Saved | None] = lambda trial: None
    seconds: float = math.inf
    asked: Callable[[], int] = lambda: 0


FROM_THE_START = CheckpointPolicy()


def fit(
    trials: Sequence[ClassifierTrial],
    engine: Engine,
    should_stop: Should,
    checkpoints: CheckpointPolicy = FROM_THE_START,
) -> Records:
    """Train every trial to its end, yielding (trial_id, record) on the way.

    Each trial yields one Started, then Steps, Epoch and Checkpoint records, then, if it is done,
    Measures and perhaps Examples, then exactly one Ended. Steps and Epochs do not depend on
    interruptions: a trial that continues first yields those of its earlier attempts. `should_stop`
    is called after every step; trials it cuts short yield a Checkpoint and end as interrupted.
    Those that `checkpoints` asks for one yield it after their step, and go on.

    Raises CheckpointError, before the first record, for a state that cannot be continued.
    """
    yield from _Loop(trials, engine, should_stop, checkpoints).run()


class _Loop:
    def __init__(
        self,
        trials: Sequence[ClassifierTrial],
        engine: Engine,
        should_stop: Should,
        checkpoints: CheckpointPolicy,
    ) -> None:
        self.engine = engine
        self.should_stop = should_stop
        self.stopped = False
        self.states = [TrialState(trial, lane) for lane, trial in enumerate(trials)]
        for state in self.states:
            if saved := checkpoints.saved(state.trial):
                engine.restore(state.lane, saved.engine)
                state.take_over(saved)
        self.seconds_between = checkpoints.seconds
        self.asked, self.answered = checkpoints.asked, checkpoints.asked()
        self.started = self.saved_at = self.ticked_at = time.monotonic()

    def run(self) -> Records:
        for state in self.states:
            yield from self._begin(state)
        while not self.stopped and (together := self._next()):
            yield from self._epoch(together)
        for state in self._active():
            checkpoint = self._checkpoint(state)
            state.ended = Ended("interrupted", f"stopped in epoch {checkpoint.epoch}")
            yield state.trial.trial_id, checkpoint
            yield state.trial.trial_id, state.ended

    def _begin(self, state: TrialState) -> Records:
        trial_id, engine = state.trial.trial_id, self.engine
        before = state.seconds_before, state.epochs
        yield trial_id, Started(engine.device, engine.parameters, *before)
        yield from ((trial_id, record) for record in state.records)
        if state.ended:
            yield from self._finish(state)

    def _finish(self, state: TrialState) -> Records:
        """A trial's final records; none if stopped before them, so the trial has not ended."""
        trial_id, ended = state.trial.trial_id, state.ended
        assert ended is not None
        if ended.status == "done":
            measures = self.engine.measure(state.lane, self._stop)
            if measures is None:
                state.ended = None
                return
            yield trial_id, measures
            if examples := self.engine.examples(state.lane):
                yield trial_id, examples
        yield trial_id, ended

    def _active(self) -> list[TrialState]:
        return [state for state in self.states if state.ended is None]

    def _next(self) -> list[TrialState]:
        """The trials furthest into their epoch; after it, all trials train side by side."""
        steps = {state: self._steps(state) for state in self._active()}
        return [state for state in steps if steps[state] == max(steps.values())]

    def _steps(self, state: TrialState) -> int:
        """Optimizer updates in the current epoch."""
        return self.engine.steps(state.lane, state.epochs + 1)

    def _stop(self) -> bool:
        self.stopped = self.should_stop()
        return self.stopped

    @property
    def _owes_checkpoints(self) -> bool:
        return self.asked() > self.answered

    def _pause(self) -> bool:
        return self._stop() or self._owes_checkpoints

    def _epoch(self, states: Sequence[TrialState]) -> Records:
        yield from self._train(states)
        # Perhaps in the middle of the epoch, which then goes on from there.
        paused = self.stopped or self._owes_checkpoints
        for state in states:
            if state.ended is None and not paused and not self.stopped:
                if state.evaluates:
                    yield from self._evaluate(state)
                else:
                    state.passed(self._steps(state))
            if state.ended is not None:
                yield from self._finish(state)
        yield from self._checkpoints_if_due()

    def _train(self, states: Sequence[TrialState]) -> Records:
        self.ticked_at = time.monotonic()
        epochs = {state.lane: state.epochs + 1 for state in states}
        for window in self.engine.train_epoch(epochs, self._pause):
            self._tick(states)
            for state, loss in zip(states, window.train_loss, strict=True):
                step = state.steps + window.steps
                if state.ended is None and not math.isfinite(loss):
                    state.ended = Ended("diverged", f"training loss is {loss} at step {step}")
                elif state.ended is None:
                    state.add(record := Steps(step, loss))
                    yield state.trial.trial_id, record
            if all(state.ended for state in states):
                break
            yield from self._checkpoints_if_due()
        self._tick(states)

    def _tick(self, states: Sequence[TrialState]) -> None:
        """Count the time since the last tick as training time of all these trials."""
        now = time.monotonic()
        for state in states:
            state.epoch_seconds += now - self.ticked_at
        self.ticked_at = now

    def _evaluate(self, state: TrialState) -> Records:
        """The record of the epoch that ended; none if stopped or diverged."""
        if evaluations := self.engine.evaluate(state.lane, self._stop):
            record = state.evaluated(self._steps(state), *evaluations)
            if math.isfinite(record.train_loss):
                state.add(record)
                yield state.trial.trial_id, record
            else:
                reason = f"loss over the training set is {record.train_loss}"
                state.ended = Ended("diverged", reason)

    def _checkpoints_if_due(self) -> Records:
        due = time.monotonic() >= self.saved_at + self.seconds_between
        if not self.stopped and (due or self._owes_checkpoints):
            self.answered = self.asked()
            for state in self._active():
                yield state.trial.trial_id, self._checkpoint(state)
            self.saved_at = time.monotonic()

    def _checkpoint(self, state: TrialState) -> Checkpoint:
        steps = self._steps(state)
        saved = Saved(
            trial_id=state.trial.trial_id,
            config=state.trial.config(),
            seconds=state.seconds_before + time.monotonic() - self.started,
            epoch_seconds=state.epoch_seconds,
            records=state.records,
            engine=self.engine.state(state.lane),
            epochs=state.epochs,
            steps=state.steps,
        )
        return Checkpoint(state.epochs + bool(steps), state.steps + steps, serialize(saved))
