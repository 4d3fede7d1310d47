"""Decides which trials are still to be tried, with what share of a GPU, and which are given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gensweep.orchestrator.job import (
    OUT_OF_MEMORY,
    UNPACKED,
    UNWRITABLE,
    Assignment,
    Pack,
    Progress,
)
from gensweep.orchestrator.packs import in_order, largest_pack, packs
from gensweep.orchestrator.plan import PlannedTrial
from gensweep.orchestrator.resources import LONGEST, Resources
from gensweep.orchestrator.store.statuses import TrialStatus
from gensweep.trainables.trial import Trial
from gensweep.trainables.words import times

PER_TUNER = 1000  # the memory of Tune's driver grows with the number of trials of a Tuner
ATTEMPTS = 3  # a trial whose worker dies is run again at most twice
_DIED = "its worker died"


class Attempts:
    """The trials of one launch, in the order in which they run.

    A trial whose worker died or whose rows could not be written is tried ATTEMPTS times. A trial
    that ran out of GPU memory gets twice its share, up to a whole GPU; that does not count as an
    attempt, and neither does a failure of its pack, which may be the fault of another trial. After
    any of these, except unwritten rows, the trial runs alone.
    """

    def __init__(
        self,
        todo: Sequence[PlannedTrial],
        known: Mapping[str, TrialStatus],
        resources: Resources,
    ) -> None:
        trials = [planned.trial for planned in todo]
        self._todo = in_order(trials) if resources.order == LONGEST else trials
        self._resources = resources
        self._started = {i: status.attempts for i, status in known.items()}
        self._failures: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        self._alone: set[str] = set()
        self._gpu = dict.fromkeys((trial.trial_id for trial in self._todo), resources.gpu)

    def next(self, workers: int) -> list[Pack]:
        """The next packs for one Tuner, with equal shares of a GPU; none if all trials are over.

        `workers` is how many packs run at a time.
        """
        if not self._todo:
            return []
        share = self._gpu[self._todo[0].trial_id]
        chunk = [trial for trial in self._todo if self._gpu[trial.trial_id] == share][:PER_TUNER]
        return [
            tuple(self._assign(trial, share) for trial in pack)
            for pack in self._packs(chunk, workers)
        ]

    def _packs(self, trials: Sequence[Trial], workers: int) -> list[tuple[Trial, ...]]:
        made = packs(trials, self._largest, workers)
        if self._resources.order == LONGEST:
            return made
        place = {trial.trial_id: place for place, trial in enumerate(trials)}
        return sorted(made, key=lambda pack: place[pack[0].trial_id])

    def _largest(self, trial: Trial) -> int:
        return 1 if trial.trial_id in self._alone else largest_pack(self._resources, trial)

    def _assign(self, trial: Trial, share: float) -> Assignment:
        attempt = self._started[trial.trial_id] = self._started.get(trial.trial_id, 0) + 1
        return Assignment.of(trial, attempt, share)

    def take(
        self,
        tried: Sequence[Pack],
        heard: Mapping[str, Progress],
        now: Mapping[str, TrialStatus],
    ) -> None:
        """Update from a finished Tuner: from the store, which is the truth, and from reported
        progress.
        """
        over = set()
        for assignment, packed in ((a, len(pack) > 1) for pack in tried for a in pack):
            trial_id = assignment.trial_id
            status, said = now.get(trial_id), heard.get(trial_id)
            # A trial that runs again has its earlier status until it has started.
            if status and status.ended and status.attempts >= assignment.attempt:
                over.add(trial_id)
                continue
            if not _says(said, UNWRITABLE):  # which is not the pack's fault
                self._alone.add(trial_id)
            if packed and _says(said, UNPACKED):
                continue
            if 0.0 < assignment.gpu < 1.0 and _says(said, OUT_OF_MEMORY):
                self._gpu[trial_id] = min(1.0, 2.0 * assignment.gpu)
            else:
                self._failures[trial_id] = self._failures.get(trial_id, 0) + 1
                self._reasons[trial_id] = _reason(said)
                if self._failures[trial_id] >= ATTEMPTS:
                    over.add(trial_id)
        self._todo = [trial for trial in self._todo if trial.trial_id not in over]

    def why(self, trial_id: str) -> str:
        """Why the trial is given up: what happened the last time, and how often it failed."""
        what, _, reason = self._reasons.get(trial_id, _DIED).partition(": ")
        often = times(self._failures.get(trial_id, 1))
        return f"{what} {often}: {reason}" if reason else f"{what} {often}"


def _reason(said: Progress | None) -> str:
    what = "its rows could not be written" if _says(said, UNWRITABLE) else _DIED
    return f"{what}: {said.error}" if said and said.error else what


def _says(progress: Progress | None, status: str) -> bool:
    return progress is not None and progress.status == status
