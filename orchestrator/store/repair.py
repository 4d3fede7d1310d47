"""Moves damaged files away, so that their trials run again."""

from __future__ import annotations

from collections.abc import Sequence

from gensweep.orchestrator.store.claiming import hold
from gensweep.orchestrator.store.damage import Damage, set_aside
from gensweep.orchestrator.store.generations import put_in_force
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.store.manifest import next_generation, of_parts, read_manifest
from gensweep.orchestrator.store.snapshot import Snapshot, take_snapshot


def repair(store: Store) -> Sequence[Damage]:
    """Verify every page of every file, and move damaged files to the quarantine.

    Trials with rows in those files count as if they had never run. A compacted part is dropped as a
    whole, because a trial without all its rows would give wrong answers. A file that only cannot be
    read now stays where it is. Returns the damage that was moved. Raises StoreBusyError if another
    process is compacting.
    """
    if not _lasting(take_snapshot(store, verify=True)):
        return []
    with hold(store, "repair") as lease:
        snapshot = take_snapshot(store, verify=True)
        damaged = _lasting(snapshot)
        for damage in damaged:
            if damage.path.parent in (store.live, store.sweeps, store.leases):
                set_aside(store, damage.path)
        if any(damage.path.parent in (store.root, store.tables) for damage in damaged):
            old, _ = read_manifest(store)
            new = of_parts(next_generation(store, old), snapshot.manifest.parts)
            put_in_force(snapshot, old, new, Guard(store, lease.id).check)
        return damaged


def _lasting(snapshot: Snapshot) -> list[Damage]:
    return [damage for damage in snapshot.damaged if not damage.passing]
