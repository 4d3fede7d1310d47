"""Few large files instead of one per trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gensweep.orchestrator.store.claiming import hold
from gensweep.orchestrator.store.damage import Damage
from gensweep.orchestrator.store.files import each
from gensweep.orchestrator.store.flatten import flatten
from gensweep.orchestrator.store.generations import replace_rows
from gensweep.orchestrator.store.inside import listed, remove, status
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.store.leftovers import remove_leftovers
from gensweep.orchestrator.store.location import Location
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.trainables.status import ENDED


@dataclass(frozen=True)
class Compaction:
    """The number of compacted trials, and the number of files with rows before and after.

    damaged: files that were left out.
    """

    trials: int
    files_before: int
    files_after: int
    damaged: Sequence[Damage] = ()


def compact(store: Store) -> Compaction:
    """Move every trial that has ended into the compacted tables.

    Rows are written under a new generation's names, and the manifest then publishes them at once; a
    kill before that changes nothing. Only the generation before last is deleted, so a reader that
    still has the last one open can finish.
    """
    with hold(store, "compaction") as lease:
        files = listed(store.root, store.live, "*.parquet")
        taken = each(lambda path: _stamp(store, path), files)
        stamps = dict(zip((path.stem for path in files), taken, strict=True))
        snapshot = take_snapshot(store)
        ended = snapshot.live.filter(pc.is_in(snapshot.live["status"], pa.array(ENDED)))
        before = _count_files(store)
        if ended.num_rows == 0:
            return Compaction(0, before, before, tuple(snapshot.damaged))
        replace_rows(snapshot, flatten(ended), Guard(store, lease.id).check)
        compacted = map(store.live_file, ended["trial_id"].to_pylist())
        each(lambda path: _forget(store, path, stamps.get(path.stem)), compacted)
        for folder in (store.root, store.live, store.sweeps, store.leases, store.checkpoints):
            remove_leftovers(store, folder)
        return Compaction(ended.num_rows, before, _count_files(store), tuple(snapshot.damaged))


def _stamp(store: Store, path: Location) -> tuple[int, int] | None:
    try:
        about = status(store.root, path)
    except FileNotFoundError:
        return None
    return about.st_ino, about.st_mtime_ns


def _forget(store: Store, path: Location, stamp: tuple[int, int] | None) -> None:
    """Delete a trial's own file, unless the trial has restarted since the file was read."""
    if stamp is not None and _stamp(store, path) == stamp:
        remove(store.root, path)


def _count_files(store: Store) -> int:
    return sum(len(listed(store.root, f, "*.parquet")) for f in (store.live, store.tables))
