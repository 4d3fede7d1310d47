"""The status of each trial in a results folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

from gensweep.orchestrator.store.damage import raise_if_passing
from gensweep.orchestrator.store.files import read_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.schemas import TRIALS, conform
from gensweep.orchestrator.store.snapshot import Snapshot, take_snapshot
from gensweep.orchestrator.store.writer import mark_ended
from gensweep.trainables.status import Status


@dataclass(frozen=True)
class TrialStatus:
    """A trial's status, the number of its attempts, and the name and digest of a user's dataset."""

    status: Status
    attempts: int
    dataset: str = ""
    dataset_digest: str = ""

    @property
    def ended(self) -> bool:
        return self.status.ended


def statuses(snapshot: Snapshot) -> dict[str, TrialStatus]:
    """Statuses by trial id, without trials that are only planned.

    Raises StoreError rather than omit a trial whose rows only cannot be read now.
    """
    store = snapshot.store
    places = (store.root, store.live, store.tables)
    raise_if_passing(d for d in snapshot.damaged if d.path.parent in places)
    columns = ["trial_id", "status", "attempts", "dataset", "dataset_digest"]
    schema = pa.schema([TRIALS.field(name) for name in columns])
    files = snapshot.manifest.paths(store, "trials")
    compacted = [conform(read_table(store.root, path, columns), schema) for path in files]
    rows = [row for t in [*compacted, snapshot.live.select(columns)] for row in t.to_pylist()]
    return {
        row["trial_id"]: TrialStatus(
            Status(row["status"]),
            row["attempts"] or 0,
            (row["dataset_digest"] and row["dataset"]) or "",
            row["dataset_digest"] or "",
        )
        for row in rows
    }


def saw_other_images(
    known: Mapping[str, TrialStatus], digests: Mapping[str, str]
) -> tuple[str, str] | None:
    """A trial whose dataset had the name of one of these, and other images; and that name.

    digests: of datasets, by name; empty where it is not known.
    """
    for trial_id, trial in known.items():
        both = {trial.dataset_digest, digests.get(trial.dataset, "")} - {""}
        if len(both) > 1:
            return trial_id, trial.dataset
    return None


def end_abandoned(store: Store, ids: Collection[str], status: Status, error: str) -> None:
    """Mark trials as interrupted whose row says running although no launch runs them."""
    live, known = take_snapshot(store).live, set(ids)
    abandoned = [
        row["trial_id"] in known and row["status"] == Status.RUNNING
        for row in live.select(["trial_id", "status"]).to_pylist()
    ]
    mark_ended(store, live.filter(pa.array(abandoned, pa.bool_())), status, {"error": error})
