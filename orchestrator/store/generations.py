"""Publishes compacted rows: first new files, then the manifest that lists them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from gensweep.orchestrator.store.damage import discard, raise_if_passing, set_aside
from gensweep.orchestrator.store.files import read_table
from gensweep.orchestrator.store.inside import listed
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leftovers import remove_leftovers
from gensweep.orchestrator.store.location import Location
from gensweep.orchestrator.store.manifest import (
    Manifest,
    generation_of,
    next_generation,
    of_parts,
    read_manifest,
    write_manifest,
)
from gensweep.orchestrator.store.row_files import rows_without, write_rows
from gensweep.orchestrator.store.schemas import TABLES
from gensweep.orchestrator.store.snapshot import Snapshot

_GROWTH = 2  # a part is merged into the next unless it is more than this many times larger


def replace_rows(
    snapshot: Snapshot, fresh: Mapping[str, pa.Table], check: Callable[[], None]
) -> None:
    """Publish a generation in which some trials' rows are replaced or added.

    They form a new part, merged with the parts that hold older rows of the same trials and with
    parts that are not much larger. So the number of parts, and the number of times that a row is
    written, grow with the logarithm of the number of trials. `check` raises if another process has
    taken over.
    """
    store, old = snapshot.store, snapshot.manifest
    in_force, _ = read_manifest(store)
    generation = next_generation(store, in_force)
    name = f"{generation:06d}"
    taken = _parts_to_merge(snapshot, fresh["trials"])
    for table, rows in fresh.items():
        schema = TABLES[table]
        older = [store.tables / f"{part}-{table}.parquet" for part in taken]
        kept = rows_without(store, older, fresh["trials"]["trial_id"], schema)
        path = store.tables / f"{name}-{table}.parquet"
        write_rows(store, path, schema, itertools.chain(kept, [rows]), check)
    new = of_parts(generation, [*(part for part in old.parts if part not in taken), name])
    put_in_force(snapshot, in_force, new, check)


def put_in_force(
    snapshot: Snapshot, old: Manifest, new: Manifest, check: Callable[[], None]
) -> None:
    """Publish a generation, and delete the files that neither it nor the previous one needs.

    Files of the old generation that the snapshot found damaged move to the quarantine first; a kill
    in between leaves a part without them, as damaged as before. If manifests are damaged or
    missing, it is unknown which files are needed, and nothing is deleted.
    """
    store = snapshot.store
    raise_if_passing(damage for damage in snapshot.damaged if damage.part)
    check()
    places = (store.root, store.tables)
    manifests = [d.path for d in snapshot.damaged if d.path.parent in places and not d.part]
    for path in manifests:
        set_aside(store, path)
    for part in set(old.parts) - set(snapshot.manifest.parts):
        for table in TABLES:
            set_aside(store, store.tables / f"{part}-{table}.parquet")
    write_manifest(store, new, check)
    for path in listed(store.root, store.tables):
        generation = generation_of(path.name)
        # A later generation belongs to a process that has taken over since the last check.
        if generation is None or generation > new.generation:
            continue
        if path.name in old.names | new.names:
            continue
        if manifests or not old.generation:
            set_aside(store, path)
        else:
            discard(store, path)
    remove_leftovers(store, store.tables)


def _parts_to_merge(snapshot: Snapshot, fresh: pa.Table) -> list[str]:
    """Parts with older rows of the same trials, and the newest parts as long as they are small."""
    store, parts = snapshot.store, snapshot.manifest.parts
    ids = fresh["trial_id"].combine_chunks()
    trials = [_read_ids(store, store.tables / f"{part}-trials.parquet") for part in parts]
    merged = [i for i, old in enumerate(trials) if pc.any(pc.is_in(old, ids)).as_py()]
    size = fresh.num_rows + sum(len(trials[i]) for i in merged)
    for i in reversed(range(len(parts))):
        if i not in merged:
            if len(trials[i]) > _GROWTH * size:
                break
            merged.append(i)
            size += len(trials[i])
    return [parts[i] for i in sorted(merged)]


def _read_ids(store: Store, path: Location) -> pa.ChunkedArray:
    return read_table(store.root, path, columns=["trial_id"])["trial_id"]
