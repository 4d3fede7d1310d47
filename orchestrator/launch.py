"""Runs the trials of a sweep that are not done."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gensweep.orchestrator.attempts import ATTEMPTS, Attempts
from gensweep.orchestrator.display import Display
from gensweep.orchestrator.errors import ClusterError, RayLostError
from gensweep.orchestrator.interrupt import Interrupt, catch_interrupt
from gensweep.orchestrator.job import UNWRITABLE, Job
from gensweep.orchestrator.nodes import check_nodes, nodes
from gensweep.orchestrator.own_datasets import bring
from gensweep.orchestrator.plan import PlannedTrial
from gensweep.orchestrator.provenance import git_commit, provenance
from gensweep.orchestrator.remaining import LaunchOutcome, Work, remaining
from gensweep.orchestrator.store.checkpoints import delete_checkpoints
from gensweep.orchestrator.store.claiming import HeldLease, claim_trials
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.errors import StoreBusyError, StoreError
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import PATIENCE, Guard, Lease, lease_lost, revoke
from gensweep.orchestrator.store.repair import repair
from gensweep.orchestrator.store.rows import sweep_rows
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import end_abandoned, saw_other_images, statuses
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.orchestrator.sweep import SweepSpec
from gensweep.orchestrator.watchdog import INTERRUPTED, tell
from gensweep.trainables.datasets import DATASETS, check_prepared, register
from gensweep.trainables.errors import DataError
from gensweep.trainables.status import Status

_RAYS = 5  # how many times a launch starts its own Ray
_STOPPED = "stopped by the user"
_LOOK_SECONDS = 5.0  # between two checks of the lease and of the cluster's nodes


def check_data(datasets: Sequence[str], data_dir: Path) -> None:
    """Raise DataError now rather than in every trial if a dataset is missing."""
    for name in datasets:
        check_prepared(name, data_dir)


@dataclass(frozen=True)
class Launch:
    """A sweep, where its rows and data are, and on which Ray it runs."""

    spec: SweepSpec
    planned: Sequence[PlannedTrial]
    store: Store
    data_dir: Path
    address: str | None = None
    retry_failed: bool = False

    def run(self, chosen: Sequence[PlannedTrial], display: Display) -> LaunchOutcome:
        """Run the chosen trials that are not done and that no other launch runs.

        Raises StoreBusyError, after running the others, if another launch runs any of them;
        DataError for a missing dataset; ClusterError for an unusable Ray; KeyboardInterrupt if
        stopped before or after trials run. An interrupt leaves a consistent store; launching again
        continues.
        """
        with catch_interrupt() as interrupt:
            return self._run_chosen(chosen, display, interrupt)

    def _run_chosen(
        self, chosen: Sequence[PlannedTrial], display: Display, interrupt: Interrupt
    ) -> LaunchOutcome:
        self._repair(display)
        todo = remaining(self.store, chosen, self.retry_failed).todo
        ids = [p.trial.trial_id for p in todo]
        with claim_trials(
            self.store, f"launch of {self.spec.name}", ids, _waiting(display)
        ) as lease:
            if ids and not lease.names:
                raise _busy(self.store, lease.refused)
            # Again, because another launch may have finished some meanwhile.
            work = remaining(self.store, chosen, self.retry_failed)
            work = Work([p for p in work.todo if p.trial.trial_id in lease.names], work.known)
            self._bring_data(work, display)
            planned = [(p.trial, p.feeds) for p in self.planned]
            rows = sweep_rows(self.spec.name, planned)
            publish_table(self.store.root, self.store.sweep_file(self.spec.name), rows)
            attempts = Attempts(work.todo, work.known, self.spec.resources)
            interrupted = bool(work.todo) and self._run(work, attempts, lease, display, interrupt)
            interrupt.defer()  # finishing is short, and is what an interruption ends with
            summary = self._finish(chosen, attempts, lease, interrupted or interrupt.requested)
        if lease.refused and not interrupted:
            raise _busy(self.store, lease.refused)
        return summary

    def _run(
        self,
        work: Work,
        attempts: Attempts,
        lease: HeldLease,
        display: Display,
        interrupt: Interrupt,
    ) -> bool:
        """Run the trials, on a new Ray if our own dies. Returns whether the user stopped the
        launch, whatever became of Ray meanwhile.
        """
        display.said(f"connecting to Ray at {self.address}" if self.address else "starting Ray")
        for _ in range(_RAYS):
            try:
                self._run_on_ray(attempts, self._datasets(work), lease, display, interrupt)
                return interrupt.requested
            except KeyboardInterrupt:
                return True
            except StoreError:
                raise
            except Exception as error:
                if interrupt.requested:
                    return True
                if self.address or not isinstance(error, RayLostError):
                    raise
                display.said(f"{error.where} {error.what}; starting another")
                lost = error
        raise ClusterError(lost.where, f"{lost.what}, {_RAYS} times", todo=lost.todo)

    def _run_on_ray(
        self,
        attempts: Attempts,
        datasets: Sequence[str],
        lease: HeldLease,
        display: Display,
        interrupt: Interrupt,
    ) -> None:
        """Run Tuners until the store has nothing left to try, or the user stops the launch."""
        from gensweep.orchestrator.cluster import ray_cluster

        def stuck(error: ClusterError) -> int:
            if not interrupt.requested:
                with suppress(StoreError):
                    revoke(self.store, lease.id)
                return tell(error)
            self._abandon(lease)
            return INTERRUPTED

        interrupt.at_once()
        with ray_cluster(self.address, self.spec.resources, stuck) as workers:
            # Ray is imported only if there is work, and after its settings are in the environment.
            from gensweep.orchestrator.tuner import run_tuner

            job = self._job(lease)
            check_nodes(job, self.spec.resources, datasets)
            should_stop = self._watch(lease, interrupt)
            cpu = self.spec.resources.cpu
            interrupt.defer()
            while not should_stop() and (packs := attempts.next(workers)):
                heard = run_tuner(job, packs, cpu, workers, display, should_stop)
                _raise_if_lost(self.store, lease)
                attempts.take(packs, heard, statuses(take_snapshot(self.store)))
                self._tidy()
                unwritten = [p for p in heard.values() if p.status == UNWRITABLE]
                if len(unwritten) == len(heard) and unwritten:
                    raise StoreError("", unwritten[-1].error)
            _raise_if_lost(self.store, lease)

    def _watch(self, lease: HeldLease, interrupt: Interrupt) -> Callable[[], bool]:
        """Tune polls this to learn whether to stop. It also keeps the lease up to date.

        Tune calls it in the main thread, so a signal handler only needs to set a flag.
        """
        looked, told, lost = float("-inf"), False, False
        saves = interrupt.saves

        def should_stop() -> bool:
            nonlocal looked, told, lost, saves
            if interrupt.requested and not told:
                told = True
                lease.stop()
            if interrupt.saves != saves:
                saves = interrupt.saves
                lease.ask_for_checkpoints()
            if time.monotonic() - looked >= _LOOK_SECONDS:
                looked = time.monotonic()
                lost = lease.lost
                lease.run_on(nodes(self.spec.resources))
            return interrupt.requested or lost

        return should_stop

    def _job(self, lease: HeldLease) -> Job:
        resources = self.spec.resources
        return Job(
            results=self.store.root,
            data=self.data_dir.absolute(),
            device="cpu" if resources.device == "auto" and not resources.gpu else resources.device,
            threads=max(1, int(resources.cpu)),
            git_commit=git_commit(),
            lease=lease.id,
            checkpoint_seconds=resources.checkpoint_seconds,
            keep_checkpoints=resources.keep_checkpoints,
            engine=resources.chosen_engine,
            compile=resources.compile,
            follow_examples=resources.follow_examples,
            nice=resources.nice,
            ranks=resources.ranks,
            micro_batch=resources.micro_batch,
            datasets={name: DATASETS[name] for name in self.spec.datasets},
        )

    def _bring_data(self, work: Work, display: Display) -> None:
        """Prepare what this sweep brings along and needs; check all that is needed.

        Raises DataError, also where other images went under the name of a dataset.
        """
        used = {p.trial.dataset for p in self.planned}
        own = {name: own for name, own in self.spec.datasets.items() if name in used}
        sources = bring(own, self.data_dir, display.said)
        register(sources)
        digests = {name: source.digest for name, source in sources.items()}
        if other := saw_other_images(work.known, digests):
            trial_id, name = other
            what = f"is not the one that trial {trial_id} in {self.store.root} saw"
            raise DataError(f"dataset {name}", what, todo="give it another name")
        check_data(self._datasets(work), self.data_dir)

    def _datasets(self, work: Work) -> list[str]:
        return list(dict.fromkeys(p.trial.dataset for p in work.todo))

    def _repair(self, display: Display) -> None:
        with suppress(StoreBusyError):  # another launch is compacting
            for damage in repair(self.store):
                display.said(f"damaged, and set aside in {self.store.quarantine}: {damage}")

    def _tidy(self) -> None:
        with suppress(StoreError):  # another launch is compacting, or the next launch repairs it
            compact(self.store)

    def _abandon(self, lease: HeldLease) -> None:
        """What an interruption leaves in the store, where this process must end without Ray's
        help.
        """
        with suppress(StoreError):
            end_abandoned(self.store, lease.names, Status.INTERRUPTED, _STOPPED)
            revoke(self.store, lease.id)

    def _finish(
        self,
        chosen: Sequence[PlannedTrial],
        attempts: Attempts,
        lease: HeldLease,
        interrupted: bool,
    ) -> LaunchOutcome:
        """Record every trial's final status, and compact the folder."""
        _raise_if_lost(self.store, lease)
        mine = [p for p in chosen if p.trial.trial_id in lease.names]
        guard = Guard(self.store, lease.id)
        if interrupted:
            end_abandoned(self.store, lease.names, Status.INTERRUPTED, _STOPPED)
        else:
            reasons: dict[str, list[str]] = {}
            for trial_id in lease.names:
                reasons.setdefault(attempts.why(trial_id), []).append(trial_id)
            for reason, ids in reasons.items():
                end_abandoned(self.store, ids, Status.FAILED, reason)
            known = statuses(take_snapshot(self.store))
            for p in mine:
                if p.trial.trial_id not in known:  # died before it recorded that it runs
                    writer = TrialWriter(
                        self.store, p.trial, provenance(git_commit()), ATTEMPTS, guard
                    )
                    writer.end(Status.FAILED, attempts.why(p.trial.trial_id))
        self._tidy()
        now = statuses(take_snapshot(self.store))
        counts = Counter(
            now[i].status if i in now else Status.PLANNED
            for i in (p.trial.trial_id for p in chosen)
        )
        if not self.spec.resources.keep_checkpoints:
            over = {i for i, status in now.items() if status.status.complete}
            delete_checkpoints(self.store, over)
        return LaunchOutcome(counts, interrupted)


def _waiting(display: Display) -> Callable[[Lease], None]:
    def tell(lease: Lease) -> None:
        display.said(f"waiting up to {PATIENCE:.0f} s to see whether it is still alive: {lease}")

    return tell


def _busy(store: Store, refused: Mapping[str, Lease]) -> StoreBusyError:
    """An error that says who runs the refused trials."""
    counts = Counter(str(lease) for lease in refused.values())
    what = ", and ".join(
        f"{n} of these trials {'is' if n == 1 else 'are'} claimed by the {who}"
        for who, n in counts.most_common()
    )
    return StoreBusyError(
        str(store.root), f"in use: {what}", todo="wait for it, or stop it, and launch again"
    )


def _raise_if_lost(store: Store, lease: HeldLease) -> None:
    if lease.lost:
        raise lease_lost(store)
