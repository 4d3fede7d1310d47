"""Putting damaged files out of the way, so that what they held is run again."""

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
    """Check every page of every file, and move what is damaged to the quarantine.

    Trials whose rows were in there are as if they had never run. A compacted part is left out
    whole, as a trial without all of its rows would be a wrong answer. A file that can just not be
    read now stays where it is. Returns what was moved. Raises StoreBusyError if somebody else is
    compacting.
    """
    if not _lasting(take_snapshot(store, verify=True)):
        return []
    with hold(store, "repair") as lease:
        snapshot = take_snapshot(store, verify=True)
        damaged = _lasting(snapshot)
        for damage in damaged:
            if damage.path.parent in (store.live, store.sweeps):
                set_aside(store, damage.path)
        if any(damage.path.parent in (store.root, store.tables) for damage in damaged):
            old, _ = read_manifest(store)
            new = of_parts(next_generation(store, old), snapshot.manifest.parts)
            put_in_force(snapshot, old, new, Guard(store, lease.id).check)
        return damaged


def _lasting(snapshot: Snapshot) -> list[Damage]:
    return [damage for damage in snapshot.damaged if not damage.passing]
