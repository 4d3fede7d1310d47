"""What somebody who watches a sweep wants to see of one moment; from the store alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import GROUPS_IN_ORDER, trial_labels
from gensweep.trainables.status import Status

Record = dict[str, Any]

_WORDS = (
    "trial_id, trainable, config, model, batch_norm, randomization, corruption, regularizer, seed"
)
_TRIALS = f"""
select {_WORDS}, status, epochs_run, epochs, final_train_error, final_test_error, started_at
from trials order by started_at, trial_id
"""
# A time that was not reached is never averaged.
_FITS = f"""
from (
select dataset, model, batch_norm, randomization, corruption, regularizer,
    count(*) as trials, count(fit_epoch) as fitted,
    case when count(fit_epoch) = count(*) then avg(fit_epoch) end as fit_epoch,
    avg(final_test_error) filter (status = 'done') as test_error
from classifiers where status in ('done', 'diverged') group by all
)
order by {GROUPS_IN_ORDER}
"""
_CURVES = """
select trial_id, list(train_error order by epoch) as train, list(test_error order by epoch) as test
from epochs where list_contains(?, trial_id) group by trial_id
"""


@dataclass(frozen=True)
class Moment:
    """statuses: how many trials are in each.
    running:  the trials at work, in the order in which they began.
    ended:    by trial, those that are over.
    fits:     per setting, how many seeds reached training error 0, and after how many epochs.
    newest:   the trial that began last.
    curves:   by trial, training and test errors of the running trials and the newest.
    rows:     all trials.
    at_work:  whether a launch has claimed any of the trials that are left.
    """

    statuses: Mapping[str, int]
    running: Sequence[Record]
    ended: Mapping[str, Record]
    fits: Sequence[Record]
    newest: Record | None
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    at_work: bool
    rows: Sequence[Record]

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """By trial, what it is and what sets it apart from the others."""
        ids = (row["trial_id"] for row in self.rows)
        return dict(zip(ids, trial_labels(self.rows), strict=True))

    @property
    def trials(self) -> int:
        return sum(self.statuses.values())

    @property
    def over(self) -> bool:
        """Whether there is nothing left to wait for."""
        return 0 < self.trials == len(self.ended)

    @property
    def completed(self) -> float:
        """Trials ended, and the shares of those that run."""
        shares: list[float] = [(r["epochs_run"] or 0) / (r["epochs"] or 1) for r in self.running]
        return len(self.ended) + sum(shares)


def look(db: Database) -> Moment:
    """The moment of the database's snapshot."""
    trials = db.table(_TRIALS).records()
    counts = Counter(r["status"] for r in trials)
    running = [r for r in trials if r["status"] == Status.RUNNING]
    begun = [r for r in trials if r["started_at"] is not None and r["epochs_run"]]
    shown = [r["trial_id"] for r in [*running, *begun[-1:]]]
    left = [r["trial_id"] for r in trials if not Status(r["status"]).ended]
    return Moment(
        statuses={status: counts[status] for status in Status if counts[status]},
        running=running,
        ended={r["trial_id"]: r for r in trials if Status(r["status"]).ended},
        fits=db.table(_FITS).records(),
        newest=begun[-1] if begun else None,
        curves={r[0]: (r[1], r[2]) for r in db.table(_CURVES, [shown]).rows},
        at_work=any(not lease.names.isdisjoint(left) for lease, _ in db.leases()),
        rows=trials,
    )
