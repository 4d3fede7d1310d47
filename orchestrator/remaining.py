"""Which trials of a sweep are done in a results folder, and which are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gensweep.orchestrator.plan import PlannedTrial
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, statuses
from gensweep.trainables.status import COMPLETE, ENDED, Status


@dataclass(frozen=True)
class Work:
    """The trials of a sweep that are left to run in a results folder."""

    todo: Sequence[PlannedTrial]
    known: Mapping[str, TrialStatus]


@dataclass(frozen=True)
class LaunchOutcome:
    """The chosen trials of a sweep after a launch, counted by status."""

    statuses: Counter[Status]
    interrupted: bool

    @property
    def complete(self) -> bool:
        """Whether every trial has come to an end of its own."""
        return set(self.statuses) <= set(COMPLETE)


def remaining(
    store: Store | None, planned: Sequence[PlannedTrial], retry_failed: bool = False
) -> Work:
    """The trials that are not done. Diverged trials are done; failed ones wait for a retry."""
    known = statuses(take_snapshot(store)) if store else {}
    over = COMPLETE if retry_failed else ENDED
    todo = [
        p
        for p in planned
        if p.trial.trial_id not in known or known[p.trial.trial_id].status not in over
    ]
    return Work(todo, known)
