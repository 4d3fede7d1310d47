"""The training loop: the order of epochs, evaluation, and when a trial ends or is saved."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gensweep.trainables.classifier.checkpoint import Saved, pack
from gensweep.trainables.classifier.course import Course
from gensweep.trainables.classifier.engines.protocol import Engine, Should
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Checkpoint, Ended, Record, Started, Steps

Records = Iterator[tuple[str, Record]]


@dataclass(frozen=True)
class Checkpoints:
    """Where trials continue from, and how often they are saved.

    saved:   the checkpoint of each trial that continues.
    seconds: minimum time between two checkpoints; with inf, only an interruption saves one.
    """

    saved: Callable[[ClassifierTrial], Saved | None] = lambda trial: None
    seconds: float = math.inf


FROM_THE_START = Checkpoints()


def fit(
    trials: Sequence[ClassifierTrial],
    engine: Engine,
    should_stop: Should,
    checkpoints: Checkpoints = FROM_THE_START,
) -> Records:
    """Train every trial to its end, yielding (trial_id, record) on the way.

    Each trial yields one Started, then Steps, Epoch and Checkpoint records, then, if it is done,
    Measures and perhaps Examples, then exactly one Ended. Steps and Epochs do not depend on
    interruptions: a trial that continues first yields those of its earlier attempts. `should_stop`
    is called after every step; trials it cuts short yield a Checkpoint and end as interrupted.

    Raises CheckpointError, before the first record, for a state that cannot be continued.
    """
    yield from _Loop(trials, engine, should_stop, checkpoints).run()


class _Loop:
    def __init__(
        self,
        trials: Sequence[ClassifierTrial],
        engine: Engine,
        should_stop: Should,
        checkpoints: Checkpoints,
    ) -> None:
        self.engine = engine
        self.should_stop = should_stop
        self.stopped = False
        self.courses = [Course(trial, lane) for lane, trial in enumerate(trials)]
        for course in self.courses:
            if saved := checkpoints.saved(course.trial):
                engine.restore(course.lane, saved.engine)
                course.take_over(saved)
        self.seconds_between = checkpoints.seconds
        self.started = self.saved_at = self.ticked_at = time.monotonic()

    def run(self) -> Records:
        for course in self.courses:
            yield from self._begin(course)
        while not self.stopped and (together := self._next()):
            yield from self._epoch(together)
        for course in self._active():
            checkpoint = self._checkpoint(course)
            course.ended = Ended("interrupted", f"stopped in epoch {checkpoint.epoch}")
            yield course.trial.trial_id, checkpoint
            yield course.trial.trial_id, course.ended

    def _begin(self, course: Course) -> Records:
        trial_id, engine = course.trial.trial_id, self.engine
        before = course.seconds_before, course.epochs
        yield trial_id, Started(engine.device, engine.parameters, *before)
        yield from ((trial_id, record) for record in course.records)
        if course.ended:
            yield from self._finish(course)

    def _finish(self, course: Course) -> Records:
        """A trial's final records; none if stopped before them, so the trial has not ended."""
        trial_id, ended = course.trial.trial_id, course.ended
        assert ended is not None
        if ended.status == "done":
            measures = self.engine.measure(course.lane, self._stop)
            if measures is None:
                course.ended = None
                return
            yield trial_id, measures
            if examples := self.engine.examples(course.lane):
                yield trial_id, examples
        yield trial_id, ended

    def _active(self) -> list[Course]:
        return [course for course in self.courses if course.ended is None]

    def _next(self) -> list[Course]:
        """The trials furthest into their epoch; after it, all trials train side by side."""
        steps = {course: self._steps(course) for course in self._active()}
        return [course for course in steps if steps[course] == max(steps.values())]

    def _steps(self, course: Course) -> int:
        """Optimizer updates in the current epoch."""
        return self.engine.steps(course.lane, course.epochs + 1)

    def _stop(self) -> bool:
        self.stopped = self.should_stop()
        return self.stopped

    def _epoch(self, courses: Sequence[Course]) -> Records:
        yield from self._train(courses)
        for course in courses:
            if course.ended is None and not self.stopped:
                if course.evaluates:
                    yield from self._evaluate(course)
                else:
                    course.passed(self._steps(course))
            if course.ended is not None:
                yield from self._finish(course)
        yield from self._checkpoints_if_due()

    def _train(self, courses: Sequence[Course]) -> Records:
        self.ticked_at = time.monotonic()
        epochs = {course.lane: course.epochs + 1 for course in courses}
        for window in self.engine.train_epoch(epochs, self._stop):
            self._tick(courses)
            for course, loss in zip(courses, window.train_loss, strict=True):
                step = course.steps + window.steps
                if course.ended is None and not math.isfinite(loss):
                    course.ended = Ended("diverged", f"training loss is {loss} at step {step}")
                elif course.ended is None:
                    course.add(record := Steps(step, loss))
                    yield course.trial.trial_id, record
            if all(course.ended for course in courses):
                break
            yield from self._checkpoints_if_due()
        self._tick(courses)

    def _tick(self, courses: Sequence[Course]) -> None:
        """Count the time since the last tick as training time of all these trials."""
        now = time.monotonic()
        for course in courses:
            course.epoch_seconds += now - self.ticked_at
        self.ticked_at = now

    def _evaluate(self, course: Course) -> Records:
        """The record of the epoch that ended; none if stopped or diverged."""
        if evaluations := self.engine.evaluate(course.lane, self._stop):
            record = course.evaluated(self._steps(course), *evaluations)
            if math.isfinite(record.train_loss):
                course.add(record)
                yield course.trial.trial_id, record
            else:
                reason = f"loss over the training set is {record.train_loss}"
                course.ended = Ended("diverged", reason)

    def _checkpoints_if_due(self) -> Records:
        if not self.stopped and time.monotonic() >= self.saved_at + self.seconds_between:
            for course in self._active():
                yield course.trial.trial_id, self._checkpoint(course)
            self.saved_at = time.monotonic()

    def _checkpoint(self, course: Course) -> Checkpoint:
        steps = self._steps(course)
        saved = Saved(
            trial_id=course.trial.trial_id,
            config=course.trial.config(),
            seconds=course.seconds_before + time.monotonic() - self.started,
            epoch_seconds=course.epoch_seconds,
            records=course.records,
            engine=self.engine.state(course.lane),
            epochs=course.epochs,
            steps=course.steps,
        )
        return Checkpoint(course.epochs + bool(steps), course.steps + steps, pack(saved))
