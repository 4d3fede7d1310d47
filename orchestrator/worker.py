"""The Ray side of a trial: records go to the store, progress goes to Tune."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from typing import Any

from ray import tune

from orchestrator.job import Assignment, Job, Progress
from orchestrator.provenance import provenance
from orchestrator.store.errors import StoreError
from orchestrator.store.layout import Store
from orchestrator.store.writer import TrialWriter
from trainables.errors import GensweepError
from trainables.records import Ended, Record, Steps
from trainables.registry import TRAINABLES, Context, trial_from_config

REPORT_SECONDS = 1.0


class Worker(tune.Trainable):
    """Runs one trial after the other in one process, where libraries and data stay loaded."""

    def setup(self, config: dict[str, Any]) -> None:
        job: Job = config["job"]
        assignment: Assignment = config["assignment"]
        trial = trial_from_config(assignment.trainable, assignment.config)
        self._trial_id = assignment.trial_id
        self._writer = TrialWriter(
            Store(job.results), trial, provenance(job.git_commit), assignment.attempt
        )
        self._begun = False
        context = Context(job.data, job.device, job.threads)
        self._records: Iterator[tuple[str, Record]] = TRAINABLES[assignment.trainable].run(
            [trial], context
        )
        self._loss: float | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Run until the trial ends or it is time to report. Raises where the store fails."""
        until = time.monotonic() + REPORT_SECONDS
        try:
            if not self._begun:
                # Not in setup: Tune sets up workers for trials that another one then takes, and
                # such a worker must not write over what that one has done.
                self._writer.begin()
                self._begun = True
            for _, record in self._records:
                self._writer.add(record)
                if isinstance(record, Ended):
                    return self._report(record.status, record.reason)
                if isinstance(record, Steps):
                    self._loss = record.train_loss
                if time.monotonic() >= until:
                    return self._report("running")
        except StoreError:
            raise
        except Exception as error:
            self._writer.end("failed", traceback.format_exc())
            what = str(error) if isinstance(error, GensweepError) else repr(error)
            return self._report("failed", what)
        raise RuntimeError(f"trial {self._trial_id} reported no end")

    def _report(self, status: str, error: str = "") -> dict[str, Any]:
        last = self._writer.epochs[-1] if self._writer.epochs else None
        progress = Progress(
            trial_id=self._trial_id,
            status=status,
            epoch=last.epoch if last else 0,
            train_loss=self._loss,
            train_error=last.train_error if last else None,
            test_error=last.test_error if last else None,
            error=error,
        )
        return {"progress": progress, "done": status != "running"}
