"""Running what a sweep has not done yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.display import Display
from orchestrator.interrupt import catch_interrupt
from orchestrator.job import Assignment, Job
from orchestrator.plan import PlannedTrial
from orchestrator.provenance import git_commit, provenance
from orchestrator.spec import SweepSpec
from orchestrator.store.compaction import compact
from orchestrator.store.errors import StoreBusyError
from orchestrator.store.files import publish_table
from orchestrator.store.layout import Store
from orchestrator.store.lock import hold
from orchestrator.store.rows import sweep_rows
from orchestrator.store.snapshot import launch_lock, take_snapshot
from orchestrator.store.statuses import TrialStatus, end_abandoned, statuses
from orchestrator.store.writer import TrialWriter
from trainables.datasets import DATASETS, load

PER_TUNER = 1000  # the memory of Tune's driver grows with the trials of a Tuner
ATTEMPTS = 3  # a trial whose worker dies is run again at most twice


@dataclass(frozen=True)
class Work:
    """What there is to do for a sweep in a results folder."""

    todo: Sequence[PlannedTrial]
    known: Mapping[str, TrialStatus]


@dataclass(frozen=True)
class Summary:
    """How the chosen trials of a sweep stand after a launch: trials per status."""

    statuses: Counter[str]
    interrupted: bool

    @property
    def complete(self) -> bool:
        """Whether every trial has come to an end of its own."""
        return set(self.statuses) <= {"done", "diverged"}


def remaining(
    store: Store | None, planned: Sequence[PlannedTrial], retry_failed: bool = False
) -> Work:
    """The trials that are not done. Diverged trials are done; failed ones wait for a retry."""
    known = statuses(take_snapshot(store)) if store else {}
    over = {"done", "diverged"} | (set() if retry_failed else {"failed"})
    todo = [
        p
        for p in planned
        if p.trial.trial_id not in known or known[p.trial.trial_id].status not in over
    ]
    return Work(todo, known)


def check_data(planned: Sequence[PlannedTrial], data_dir: Path) -> None:
    """Raise DataError now, rather than in every trial, if a dataset is missing."""
    for name in dict.fromkeys(p.trial.dataset for p in planned):
        if DATASETS[name].prepared:
            load(name, data_dir)


@dataclass(frozen=True)
class Launch:
    """A sweep, where its rows and data are, and on which Ray it runs."""

    spec: SweepSpec
    planned: Sequence[PlannedTrial]
    store: Store
    data_dir: Path
    address: str | None = None
    retry_failed: bool = False

    def run(self, chosen: Sequence[PlannedTrial], display: Display) -> Summary:
        """Run those of the chosen trials that are not done.

        Raises StoreBusyError if somebody else launches into this folder, DataError for a missing
        dataset and ClusterError for a Ray that cannot be used. An interrupt leaves a consistent
        store; launching again goes on.
        """
        with hold(launch_lock(self.store), f"launch of {self.spec.name}"):
            work = remaining(self.store, chosen, self.retry_failed)
            check_data(work.todo, self.data_dir)
            planned = [(p.trial, p.feeds) for p in self.planned]
            publish_table(
                self.store.sweep_file(self.spec.name), sweep_rows(self.spec.name, planned)
            )
            interrupted = bool(work.todo) and self._run(work, display)
            return self._finish(chosen, interrupted)

    def _run(self, work: Work, display: Display) -> bool:
        """Run Tuners until the store says that nothing is left to try, or the user stops it.

        Returns whether the user did.
        """
        from orchestrator.cluster import ray_cluster

        before = {i: status.attempts for i, status in work.known.items()}
        attempts = dict(before)
        todo = list(work.todo)
        # Ray has its own idea of SIGTERM when it starts, so ours comes after.
        with (
            ray_cluster(self.address, self.spec.resources) as lanes,
            catch_interrupt() as interrupt,
        ):
            # Ray loads only where there is work, and after its settings have been made.
            from orchestrator.tuner import run_tuner

            while todo and not interrupt.requested:
                chunk, todo = todo[:PER_TUNER], todo[PER_TUNER:]
                assignments = [
                    Assignment.of(p.trial, attempts.get(p.trial.trial_id, 0) + 1) for p in chunk
                ]
                run_tuner(self._job(), assignments, self.spec.resources, lanes, display, interrupt)
                now = statuses(take_snapshot(self.store))
                for p in chunk:
                    trial_id = p.trial.trial_id
                    attempts[trial_id] = attempts.get(trial_id, 0) + 1
                    over = trial_id in now and now[trial_id].ended
                    if not over and attempts[trial_id] - before.get(trial_id, 0) < ATTEMPTS:
                        todo.append(p)
                self._tidy()
            return interrupt.requested

    def _job(self) -> Job:
        resources = self.spec.resources
        return Job(
            results=self.store.root,
            data=self.data_dir.absolute(),
            device="cpu" if resources.device == "auto" and not resources.gpu else resources.device,
            threads=max(1, int(resources.cpu)),
            git_commit=git_commit(),
        )

    def _tidy(self) -> None:
        with suppress(StoreBusyError):  # then somebody else is at it
            compact(self.store)

    def _finish(self, chosen: Sequence[PlannedTrial], interrupted: bool) -> Summary:
        """Give every trial its last word and tidy the folder."""
        ids = [p.trial.trial_id for p in chosen]
        if interrupted:
            end_abandoned(self.store, ids, "interrupted", "stopped by the user")
        else:
            died = f"its worker died {ATTEMPTS} times"
            end_abandoned(self.store, ids, "failed", died)
            known = statuses(take_snapshot(self.store))
            for p in chosen:
                if p.trial.trial_id not in known:  # died before it could say that it runs
                    writer = TrialWriter(self.store, p.trial, provenance(git_commit()), ATTEMPTS)
                    writer.end("failed", died)
        self._tidy()
        now = statuses(take_snapshot(self.store))
        counts = Counter(now[i].status if i in now else "planned" for i in ids)
        return Summary(counts, interrupted)
