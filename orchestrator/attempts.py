"""Which trials are still to be tried, with how much of a GPU, and which have had their chances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.job import OUT_OF_MEMORY, Assignment, Progress
from orchestrator.plan import PlannedTrial
from orchestrator.store.statuses import TrialStatus

PER_TUNER = 1000  # the memory of Tune's driver grows with the trials of a Tuner
ATTEMPTS = 3  # a trial whose worker dies is run again at most twice


class Attempts:
    """The trials of one launch, in the order in which they are tried.

    A trial that came to no end of its own, because its worker died or its rows could not be
    written, is tried ATTEMPTS times. One that needs more of a GPU gets twice its share, up to a
    whole one, which does not count as a try.
    """

    def __init__(
        self, todo: Sequence[PlannedTrial], known: Mapping[str, TrialStatus], gpu: float
    ) -> None:
        self._todo = list(todo)
        self._started = {i: status.attempts for i, status in known.items()}
        self._failures: dict[str, int] = {}
        self._gpu = dict.fromkeys((p.trial.trial_id for p in todo), gpu)

    def next(self) -> list[Assignment]:
        """The next trials for one Tuner, which get equal shares of a GPU; none if all are over."""
        if not self._todo:
            return []
        share = self._gpu[self._todo[0].trial.trial_id]
        chunk = [p for p in self._todo if self._gpu[p.trial.trial_id] == share][:PER_TUNER]
        for planned in chunk:
            trial_id = planned.trial.trial_id
            self._started[trial_id] = self._started.get(trial_id, 0) + 1
        return [Assignment.of(p.trial, self._started[p.trial.trial_id], share) for p in chunk]

    def take(
        self,
        assignments: Sequence[Assignment],
        heard: Mapping[str, Progress],
        now: Mapping[str, TrialStatus],
    ) -> None:
        """Learn how a Tuner went: from the store, which is the truth, and from what was heard."""
        over = set()
        for assignment in assignments:
            trial_id = assignment.trial_id
            status = now.get(trial_id)
            # A trial that is run again still says how it ended before, until it has begun.
            if status and status.ended and status.attempts >= assignment.attempt:
                over.add(trial_id)
            elif 0.0 < assignment.gpu < 1.0 and _says(heard.get(trial_id), OUT_OF_MEMORY):
                self._gpu[trial_id] = min(1.0, 2.0 * assignment.gpu)
            else:
                self._failures[trial_id] = self._failures.get(trial_id, 0) + 1
                if self._failures[trial_id] >= ATTEMPTS:
                    over.add(trial_id)
        self._todo = [p for p in self._todo if p.trial.trial_id not in over]


def _says(progress: Progress | None, status: str) -> bool:
    return progress is not None and progress.status == status
