"""A consistent view of a results folder while other processes write to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa

from gensweep.orchestrator.store import inside, strict
from gensweep.orchestrator.store.damage import Damage
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import each
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Lease, held, read_claims
from gensweep.orchestrator.store.location import Location
from gensweep.orchestrator.store.manifest import Manifest, of_parts, read_manifest
from gensweep.orchestrator.store.schemas import LIVE, SWEEP, TABLES
from gensweep.trainables.status import COMPLETE

_TRIES = 20
_TOGETHER = 200  # files that are in memory one by one, where each takes far more than its rows


@dataclass(frozen=True)
class Snapshot:
    """The content of a results folder at one moment.

    live:     trials not compacted yet, one row each, with nested epochs and steps (LIVE).
    manifest: the current compacted files, without damaged parts; rows in `live` supersede those of
              the same trial.
    sweeps:   the trials of each sweep (SWEEP).
    leases:   the leases that hold; an unclaimed trial does not run, whatever its row says.
    damaged:  files that were left out.
    """

    store: Store
    live: pa.Table
    manifest: Manifest
    sweeps: pa.Table
    leases: Sequence[Lease]
    damaged: Sequence[Damage]

    @property
    def claimed(self) -> frozenset[str]:
        """Ids of the trials that a launch runs or is about to run."""
        return frozenset().union(*(lease.names for lease in self.leases))


def take_snapshot(store: Store, verify: bool = False) -> Snapshot:
    """Read again until no compaction happened meanwhile, so that no trial is missed between two
    files.

    With `verify`, every page of every file is read and verified, not only those needed.
    """
    for _ in range(_TRIES):
        manifest, bad_manifests = read_manifest(store)
        claims, bad_claims = read_claims(store)
        live, bad_live = _read_all(store, store.live, strict.live_rows, LIVE)
        sweeps, bad_sweeps = _read_all(store, store.sweeps, strict.sweep_rows, SWEEP)
        bad_parts, complete = _check_parts(store, manifest, verify)
        live, superseding = _without_superseding(store, live, complete)
        if read_manifest(store)[0].generation == manifest.generation:
            rows = [*bad_live, *superseding, *bad_sweeps, *bad_parts]
            damaged = [*bad_manifests, *rows, *bad_claims]
            lost = {damage.part for damage in bad_parts}
            whole = of_parts(manifest.generation, [p for p in manifest.parts if p not in lost])
            return Snapshot(store, live, whole, sweeps, held(claims), damaged)
    raise StoreError(str(store.root), "is being compacted without end", todo="try again")


def _read_all(
    store: Store, folder: Location, parse: Callable[[bytes, str], pa.Table], schema: pa.Schema
) -> tuple[pa.Table, list[Damage]]:
    """All files of a folder as one table, and those that are left out.

    A file that has disappeared was compacted, which the caller detects.
    """
    damaged: list[Damage] = []

    def one(path: Location) -> pa.Table | None:
        try:
            return parse(inside.read(store.root, path, strict.MOST), path.stem)
        except FileNotFoundError:
            return None
        except (OSError, pa.ArrowException, ValueError) as error:
            damaged.append(Damage.of(path, error))
            return None

    files = inside.listed(store.root, folder, "*.parquet")
    whole = pa.Table.from_batches([], schema)
    for start in range(0, len(files), _TOGETHER):
        found = each(one, files[start : start + _TOGETHER])
        whole = pa.concat_tables([whole, *(t for t in found if t is not None)]).combine_chunks()
    return whole, damaged


def _check_parts(store: Store, manifest: Manifest, verify: bool) -> tuple[list[Damage], set[str]]:
    """Damage in the compacted files: where readers look first or, with `verify`, anywhere. And the
    ids of the trials in them that came to an end of their own.
    """
    damaged: list[Damage] = []
    complete: set[str] = set()
    for table in TABLES:
        for part, path in zip(manifest.parts, manifest.paths(store, table), strict=True):
            try:
                with inside.opened(store.root, path) as source:
                    complete |= strict.check_part(source, table, verify)
            except (OSError, pa.ArrowException, ValueError) as error:
                damaged.append(Damage.of(path, error, part))
    return damaged, complete


def _without_superseding(
    store: Store, live: pa.Table, complete: Collection[str]
) -> tuple[pa.Table, list[Damage]]:
    """Live rows but for those of trials that are over: such a trial is never run again."""
    ids, statuses = (live[name].to_pylist() for name in ("trial_id", "status"))
    kept = [i not in complete or s in COMPLETE for i, s in zip(ids, statuses, strict=True)]
    if all(kept):
        return live, []
    reason = "the trial is over, and has its rows among the compacted ones"
    damaged = [
        Damage(store.live_file(trial_id), reason)
        for trial_id, stays in zip(ids, kept, strict=True)
        if not stays
    ]
    return live.filter(pa.array(kept)), damaged
