"""The Ray side of a trial: records and checkpoints go to the store, progress goes to Tune."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ray import tune

from orchestrator.job import OUT_OF_MEMORY, UNWRITABLE, Assignment, Job, Progress
from orchestrator.provenance import provenance
from orchestrator.store.checkpoints import Checkpoints
from orchestrator.store.errors import StoreError
from orchestrator.store.layout import Store
from orchestrator.store.leases import Guard
from orchestrator.store.writer import TrialWriter
from trainables.errors import CheckpointError, DeviceMemoryError, GensweepError
from trainables.records import Checkpoint, Ended, Record, Steps
from trainables.registry import TRAINABLES, Context, trial_from_config

REPORT_SECONDS = 1.0


class Worker(tune.Trainable):
    """Runs one trial after the other in one process, where libraries and data stay loaded."""

    def setup(self, config: dict[str, Any]) -> None:
        """Take a trial, and write nothing.

        Tune sets up workers for trials that another one then takes, and such a worker must not
        write over what that one has done.
        """
        self._job: Job = config["job"]
        self._assignment: Assignment = config["assignment"]
        self._trial = trial_from_config(self._assignment.trainable, self._assignment.config)
        store = Store(self._job.results)
        guard = Guard(store, self._job.lease)
        self._checkpoints = Checkpoints(store, guard)
        self._writer = TrialWriter(
            store, self._trial, provenance(self._job.git_commit), self._assignment.attempt, guard
        )
        self._context = Context(
            self._job.data,
            self._job.device,
            self._job.threads,
            should_stop=lambda: self._leaving or guard.stopping(),
            checkpoint_seconds=self._job.checkpoint_seconds,
            saved=self._checkpoints.load,
        )
        self._records: Iterator[tuple[str, Record]] | None = None
        self._loss: float | None = None
        self._note = ""
        self._ended = self._leaving = False

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Run until the trial ends or it is time to report."""
        try:
            return self._advance(time.monotonic() + REPORT_SECONDS)
        except StoreError as error:
            return self._report(UNWRITABLE, str(error))

    def cleanup(self) -> None:
        """Tune stops the worker: in the middle of a trial, save where it is."""
        if self._records is not None and not self._ended:
            self._leaving = True
            with suppress(StoreError):  # then it goes on from the checkpoint before
                self._advance(float("inf"))

    def _advance(self, until: float) -> dict[str, Any]:
        """Raises StoreError where rows or checkpoints cannot be written."""
        if self._records is None:
            self._writer.begin()
            self._records = self._start()
        try:
            for record in self._resumed():
                if isinstance(record, Checkpoint):
                    self._checkpoints.save(self._assignment.trial_id, record.content)
                else:
                    self._writer.add(record)
                if isinstance(record, Ended):
                    self._tidy(record.status)
                    return self._report(record.status, record.reason)
                if isinstance(record, Steps):
                    self._loss = record.train_loss
                if time.monotonic() >= until:
                    return self._report("running")
        except StoreError:
            raise
        except DeviceMemoryError as error:
            if 0.0 < self._assignment.gpu < 1.0:
                self._writer.end("interrupted", str(error))
                return self._report(OUT_OF_MEMORY, str(error))
            return self._fail(error)
        except Exception as error:
            return self._fail(error)
        raise RuntimeError(f"trial {self._assignment.trial_id} reported no end")

    def _start(self) -> Iterator[tuple[str, Record]]:
        return TRAINABLES[self._assignment.trainable].run([self._trial], self._context)

    def _resumed(self) -> Iterator[Record]:
        """The trial's records, from its checkpoint on, or from the start if that is damaged."""
        assert self._records is not None
        try:
            for _, record in self._records:
                yield record
        except CheckpointError as error:
            moved = self._checkpoints.set_aside(self._assignment.trial_id)
            self._note = f"{error}; it is now {moved}, and the trial starts over"
            self._records = self._start()
            for _, record in self._records:
                yield record

    def _fail(self, error: Exception) -> dict[str, Any]:
        self._writer.end("failed", "".join(traceback.format_exception(error)))
        what = str(error) if isinstance(error, GensweepError) else repr(error)
        return self._report("failed", what)

    def _tidy(self, status: str) -> None:
        if status in ("done", "diverged") and not self._job.keep_checkpoints:
            self._checkpoints.delete(self._assignment.trial_id)

    def _report(self, status: str, error: str = "") -> dict[str, Any]:
        self._ended = status != "running"
        last = self._writer.epochs[-1] if self._writer.epochs else None
        progress = Progress(
            trial_id=self._assignment.trial_id,
            status=status,
            epoch=last.epoch if last else 0,
            train_loss=self._loss,
            train_error=last.train_error if last else None,
            test_error=last.test_error if last else None,
            error=error,
            note=self._note,
        )
        self._note = ""
        return {"progress": progress, "done": self._ended}
