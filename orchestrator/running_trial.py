"""One trial of a worker: writes records and checkpoints to the store, and reports progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from gensweep.orchestrator.job import UNWRITABLE, Assignment, Job, Progress
from gensweep.orchestrator.provenance import provenance
from gensweep.orchestrator.store.checkpoints import CheckpointFiles
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.errors import CheckpointError
from gensweep.trainables.records import Checkpoint, Ended, Measurement, Record, Steps
from gensweep.trainables.registry import trial_from_config
from gensweep.trainables.status import COMPLETE, Status


class RunningTrial:
    """A running trial, alone or beside others; once it is over, nothing more is written.

    news: whether there is progress that has not been reported.
    """

    def __init__(self, job: Job, assignment: Assignment, store: Store, guard: Guard) -> None:
        self.trial = trial_from_config(assignment.trainable, assignment.config)
        self.trial_id = assignment.trial_id
        self.gpu = assignment.gpu
        self.news = False
        self._keep_checkpoints = job.keep_checkpoints
        self._checkpoints = CheckpointFiles(store, guard)
        about = provenance(job.git_commit)
        self._new_writer = partial(TrialWriter, store, self.trial, about, assignment.attempt, guard)
        self._writer = self._new_writer()
        self._loss: float | None = None
        self._epoch = 0
        self._measured: dict[str, float] = {}
        self._status, self._error, self._note = str(Status.RUNNING), "", ""

    @property
    def over(self) -> bool:
        return self._status != Status.RUNNING

    def begin(self) -> None:
        """Record that the trial runs. A trial that continues reports its earlier records again."""
        self._writer = self._new_writer()
        self._writer.begin()

    def take(self, record: Record) -> None:
        """Write a record. If that fails, the lane is over, and StoreError is raised."""
        if self.over:
            return
        self.news = True
        with self._written():
            if isinstance(record, Checkpoint):
                self._checkpoints.save(self.trial_id, record.content)
            else:
                self._writer.add(record)
        if isinstance(record, Steps):
            self._loss = record.train_loss
            self._epoch = self.trial.epoch_of(record.step)
        elif isinstance(record, Measurement):
            self._measured[record.name] = record.value
        elif isinstance(record, Ended):
            self.give_up(record.status, record.reason)
            if record.status in COMPLETE and not self._keep_checkpoints:
                self._checkpoints.delete(self.trial_id)

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self.give_up(UNWRITABLE, str(error))
            raise

    def end(self, status: str, error: str, stored: str, reason: str) -> None:
        """End with a status and a reason in the store. Raises StoreError, and ends in that case
        too.
        """
        with self._written():
            self._writer.end(stored, reason)
        self.give_up(status, error)

    def give_up(self, status: str, error: str) -> None:
        """End without writing anything."""
        self._status, self._error, self.news = status, error, True

    def set_aside(self, error: CheckpointError) -> bool:
        """Set aside a checkpoint that cannot be continued; False if there is none."""
        moved = self._checkpoints.set_aside(self.trial_id)
        self._note = f"{error}; it is now {moved}, and the trial starts over" if moved else ""
        return moved is not None

    def progress(self) -> Progress:
        """The trial's progress, which then counts as reported."""
        last = self._writer.epochs[-1] if self._writer.epochs else None
        note, self._note, self.news = self._note, "", False
        return Progress(
            trial_id=self.trial_id,
            status=self._status,
            epoch=max(self._epoch, last.epoch if last else 0),
            train_loss=self._loss,
            train_error=last.train_error if last else None,
            test_error=last.test_error if last else None,
            error=self._error,
            note=note,
            measured=", ".join(f"{n} {v:.4g}" for n, v in [*self._measured.items()][:3]),
        )
