"""The Ray side of trials: a worker runs a pack of them and reports their progress to Tune."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.exceptions import RayError

from gensweep.orchestrator.job import DIED, OUT_OF_MEMORY, UNPACKED, UNWRITABLE, Job, Pack
from gensweep.orchestrator.running_trial import RunningTrial
from gensweep.orchestrator.store.checkpoints import CheckpointFiles
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.sweep import CLASSIFIER
from gensweep.trainables.context import Context
from gensweep.trainables.datasets import register
from gensweep.trainables.errors import (
    CheckpointError,
    DeviceMemoryError,
    GensweepError,
    RankLostError,
)
from gensweep.trainables.records import Record
from gensweep.trainables.registry import TRAINABLES
from gensweep.trainables.status import Status

if TYPE_CHECKING:
    from gensweep.orchestrator.company import Company

REPORT_SECONDS = 1.0


def give_way(nice: int) -> None:
    """Raise the niceness of this thread, and of those that it starts from now on, where possible.

    The threads that Ray uses to reach the process keep theirs, so a worker on a busy machine does
    not seem dead.
    """
    if hasattr(os, "setpriority") and nice > os.getpriority(os.PRIO_PROCESS, 0):
        os.setpriority(os.PRIO_PROCESS, 0, nice)


class Worker(tune.Trainable):
    """Runs one pack after another in one process, in which libraries and data stay loaded.

    company: the other ranks of its trials, from the first trial on that has some.
    """

    company: Company | None = None

    def setup(self, config: dict[str, Any]) -> None:
        """Take a pack, without writing anything.

        Tune may set up a worker for trials that another worker then takes; the first must not
        overwrite what the second has written.
        """
        job: Job = config["job"]
        pack: Pack = config["pack"]
        give_way(job.nice)
        register(job.datasets)
        store = Store(job.results)
        guard = Guard(store, job.lease)
        self._trainable = TRAINABLES[pack[0].trainable]
        self._lanes = {a.trial_id: RunningTrial(job, a, store, guard) for a in pack}
        self._context = Context(
            job.data,
            job.device,
            job.threads,
            job.engine,
            job.compile,
            should_stop=lambda: self._leaving or guard.stopping(),
            checkpoint_seconds=job.checkpoint_seconds,
            checkpoints_asked=guard.checkpoints_asked,
            saved=CheckpointFiles(store, guard).load,
            follow_examples=job.follow_examples,
            micro_batch=job.micro_batch,
        )
        self._job = job
        self._records: Iterator[tuple[str, Record]] | None = None
        self._leaving = False

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Run until a trial ends or it is time to report."""
        try:
            self._advance(time.monotonic() + REPORT_SECONDS)
        except StoreError as error:
            for lane in self._running():
                lane.give_up(UNWRITABLE, str(error))
        news = tuple(lane.progress() for lane in self._lanes.values() if lane.news)
        return {"progress": news, "done": not self._running()}

    def cleanup(self) -> None:
        """Tune stops the worker: save the trials that are still running."""
        self._leaving = True
        while self._records is not None and self._running():
            with suppress(StoreError):  # that trial continues from its previous checkpoint
                self._advance(float("inf"))
        if self.company:
            self.company.close()

    def _running(self) -> list[RunningTrial]:
        return [lane for lane in self._lanes.values() if not lane.over]

    def _advance(self, until: float) -> None:
        """Run until a trial is over or a report is due.

        Raises StoreError where rows or checkpoints cannot be written.
        """
        if self._records is None:
            self._records = self._begin()
        try:
            for lane, record in self._resumed():
                lane.take(record)
                if lane.over or time.monotonic() >= until:
                    return
        except StoreError:
            raise
        except Exception as error:
            if self.company:
                self._part(error)
            else:
                self._fail(error)
            return
        raise RuntimeError(f"trial {self._running()[0].trial_id} reported no end")

    def _begin(self) -> Iterator[tuple[str, Record]]:
        """The records of all trials that are not over, from their checkpoints on."""
        for lane in self._running():
            lane.begin()
        return self._start()

    def _start(self) -> Iterator[tuple[str, Record]]:
        trials = [lane.trial for lane in self._running()]
        context = self._context
        if self._job.ranks > 1 and trials[0].trainable == CLASSIFIER:
            from gensweep.orchestrator.company import Company  # it loads torch

            self.company = self.company or Company(self._job)
            context = replace(context, ranks=self.company.ranks)
        return self._trainable.run(trials, context)

    def _resumed(self) -> Iterator[tuple[RunningTrial, Record]]:
        """The records; a trial whose checkpoint is damaged starts over."""
        while True:
            assert self._records is not None
            try:
                for trial_id, record in self._records:
                    yield self._lanes[trial_id], record
                return
            except CheckpointError as error:
                self._set_aside(error)
            self._records = self._begin()

    def _set_aside(self, error: CheckpointError) -> None:
        """Set aside the checkpoint that the error names, or all of them if it names none."""
        running = self._running()
        named = [lane for lane in running if lane.trial_id in error.where] or running
        if not [lane for lane in named if lane.set_aside(error)]:
            raise error

    def _part(self, error: Exception) -> None:
        """The ranks of a trial end together. One that is lost is no fault of the trial."""
        assert self.company is not None
        why = self.company.broken(error)
        self.company = self._records = None
        if isinstance(why, RayError | RankLostError):
            for lane in self._running():
                lane.give_up(DIED, str(why).partition("\n")[0])
        else:
            self._fail(why)

    def _fail(self, error: Exception) -> None:
        """Mark the trials to be run alone, which shows which of them is at fault."""
        self._records = None
        what = str(error) if isinstance(error, GensweepError) else repr(error)
        for lane in self._running():
            if len(self._lanes) > 1:
                reason = f"it is tried alone: its pack of {len(self._lanes)} ended with {what}"
                lane.end(UNPACKED, reason, Status.INTERRUPTED, reason)
            elif isinstance(error, DeviceMemoryError) and 0.0 < lane.gpu < 1.0:
                lane.end(OUT_OF_MEMORY, what, Status.INTERRUPTED, what)
            else:
                trace = "".join(traceback.format_exception(error))
                lane.end(Status.FAILED, what, Status.FAILED, trace)
