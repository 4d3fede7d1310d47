"""Copies the trials of another results folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gensweep.orchestrator.store.claiming import hold
from gensweep.orchestrator.store.damage import Damage, discard
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish_table, read_table
from gensweep.orchestrator.store.flatten import flatten
from gensweep.orchestrator.store.generations import replace_rows
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.store.schemas import SWEEP, TABLES, conform
from gensweep.orchestrator.store.snapshot import Snapshot, take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, saw_other_images, statuses


@dataclass(frozen=True)
class Merge:
    """The number of trials and sweeps that were copied, and what was left out in either folder."""

    trials: int
    sweeps: int
    damaged: Sequence[Damage] = ()


def merge(store: Store, other: Store) -> Merge:
    """Copy the trials that are done there and not here, and every sweep's list of trials.

    A failed trial is copied if it has no row here; a done trial replaces a failed one.

    Raises StoreError if a user's dataset has the same name in both folders and other images.
    """
    with hold(store, "merge") as lease:
        mine, theirs = take_snapshot(store), take_snapshot(other)
        known, others = statuses(mine), statuses(theirs)
        _check_images(other, known, others)
        here = {i: _worth(status) for i, status in known.items()}
        there = {i: _worth(status) for i, status in others.items()}
        wanted = {i for i, worth in there.items() if worth > here.get(i, 0)}
        if wanted:
            replace_rows(mine, _rows(theirs, wanted), Guard(store, lease.id).check)
            for trial_id in wanted:  # an unfinished attempt here
                discard(store, store.live_file(trial_id))
        names = sorted(set(theirs.sweeps["sweep"].to_pylist()))
        for name in names:
            both = [t.filter(pc.equal(t["sweep"], name)) for t in (mine.sweeps, theirs.sweeps)]
            publish_table(store.root, store.sweep_file(name), _distinct(pa.concat_tables(both)))
        return Merge(len(wanted), len(names), (*mine.damaged, *theirs.damaged))


def _check_images(
    other: Store, known: Mapping[str, TrialStatus], others: Mapping[str, TrialStatus]
) -> None:
    digests = {t.dataset: t.dataset_digest for t in known.values() if t.dataset_digest}
    if found := saw_other_images(others, digests):
        trial_id, name = found
        what = f"has trials on other images that are called {name} too, such as {trial_id}"
        raise StoreError(str(other.root), what, todo="keep the two folders apart")


def _worth(status: TrialStatus) -> int:
    """Trials that have ended are copied, and a failure is replaced."""
    return status.status.complete + status.ended


def _rows(snapshot: Snapshot, ids: set[str]) -> dict[str, pa.Table]:
    """The flat rows of these trials, from live and compacted files."""
    chosen = pa.array(sorted(ids))
    superseded = snapshot.live["trial_id"].combine_chunks()
    rows = {}
    for name, live in flatten(snapshot.live).items():
        files = snapshot.manifest.paths(snapshot.store, name)
        old = [conform(read_table(snapshot.store.root, path), TABLES[name]) for path in files]
        kept = [t.filter(pc.invert(pc.is_in(t["trial_id"], superseded))) for t in old]
        table = pa.concat_tables([*kept, live])
        rows[name] = table.filter(pc.is_in(table["trial_id"], chosen))
    return rows


def _distinct(sweep: pa.Table) -> pa.Table:
    """Each trial and feed once."""
    rows = {(row["trial_id"], row["feed"]): row for row in sweep.to_pylist()}
    return pa.Table.from_pylist(list(rows.values()), schema=SWEEP)
