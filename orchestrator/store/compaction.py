"""Few large files instead of one per trial."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestrator.store.bucket import Location
from orchestrator.store.claiming import hold
from orchestrator.store.damage import raise_if_passing, set_aside
from orchestrator.store.files import each, listing, not_readable, read_table, replacing
from orchestrator.store.flatten import flatten
from orchestrator.store.layout import Store
from orchestrator.store.leases import Guard
from orchestrator.store.manifest import (
    Manifest,
    generation_of,
    next_generation,
    of_parts,
    read_manifest,
    write_manifest,
)
from orchestrator.store.rows import FINAL
from orchestrator.store.schemas import TABLES, conform
from orchestrator.store.snapshot import Snapshot, take_snapshot

ROW_GROUP = 100_000
_STALE = 3600.0  # seconds
_GROWTH = 2  # a part is merged into the next one unless it is larger than this many times that


@dataclass(frozen=True)
class Compaction:
    """How many trials were taken in, and how many files held rows before and after."""

    trials: int
    files_before: int
    files_after: int


def compact(store: Store) -> Compaction:
    """Move every trial that has ended into the compacted tables.

    Rows are written under a new generation's names, which the manifest then puts in force at
    once; a kill before that changes nothing. The generation before last is deleted, so that a
    reader who still has the last one open can finish.
    """
    with hold(store, "compaction") as lease:
        files = listing(store.live, "*.parquet")
        stamps = dict(zip((path.stem for path in files), each(_stamp, files), strict=True))
        snapshot = take_snapshot(store)
        ended = snapshot.live.filter(pc.is_in(snapshot.live["status"], pa.array(FINAL)))
        before = _count_files(store)
        if ended.num_rows == 0:
            return Compaction(0, before, before)
        replace_rows(snapshot, flatten(ended), Guard(store, lease.id).check)
        taken = map(store.live_file, ended["trial_id"].to_pylist())
        each(lambda path: _forget(path, stamps.get(path.stem)), taken)
        for folder in (store.root, store.live, store.sweeps, store.leases, store.checkpoints):
            sweep(folder)
        return Compaction(ended.num_rows, before, _count_files(store))


def replace_rows(
    snapshot: Snapshot, fresh: Mapping[str, pa.Table], check: Callable[[], None]
) -> None:
    """Publish a generation in which some trials' rows are replaced or added.

    They make a part of their own, together with the parts that hold older rows of the same trials
    and with those that are not much larger: so the number of parts grows with the logarithm of
    the number of trials, and so does the number of times that a row is written. `check` raises if
    somebody else has taken over.
    """
    store, old = snapshot.store, snapshot.manifest
    in_force, _ = read_manifest(store)
    generation = next_generation(store, in_force)
    name = f"{generation:06d}"
    taken = _parts_to_merge(snapshot, fresh["trials"])
    for table, rows in fresh.items():
        schema = TABLES[table]
        older = [store.tables / f"{part}-{table}.parquet" for part in taken]
        kept = _without(older, fresh["trials"]["trial_id"], schema)
        path = store.tables / f"{name}-{table}.parquet"
        _write(path, schema, itertools.chain(kept, [rows]), check)
    new = of_parts(generation, [*(part for part in old.parts if part not in taken), name])
    put_in_force(snapshot, in_force, new, check)


def put_in_force(
    snapshot: Snapshot, old: Manifest, new: Manifest, check: Callable[[], None]
) -> None:
    """Publish a generation, and delete what neither it nor the one before it needs.

    Files of the old one that the snapshot found damaged go to the quarantine first: a kill in
    between leaves a part that lacks them, which is as damaged as before. Where manifests are
    damaged or gone, nobody knows what is needed, and nothing is deleted.
    """
    store = snapshot.store
    raise_if_passing(damage for damage in snapshot.damaged if damage.part)
    check()
    manifests = [d.path for d in snapshot.damaged if d.path.suffix == store.manifest.suffix]
    for path in manifests:
        set_aside(store, path)
    for part in set(old.parts) - set(snapshot.manifest.parts):
        for table in TABLES:
            set_aside(store, store.tables / f"{part}-{table}.parquet")
    write_manifest(store, new, check)
    for path in store.tables.iterdir():
        generation = generation_of(path.name)
        # A later one is of somebody who has taken over since the last check.
        if generation is None or generation > new.generation:
            continue
        if path.name in old.names | new.names:
            continue
        if manifests or not old.generation:
            set_aside(store, path)
        else:
            path.unlink(missing_ok=True)
    sweep(store.tables)


def _parts_to_merge(snapshot: Snapshot, fresh: pa.Table) -> list[str]:
    """Parts with older rows of the same trials, and the newest ones while they are small."""
    store, parts = snapshot.store, snapshot.manifest.parts
    ids = fresh["trial_id"].combine_chunks()
    trials = [_read_ids(store.tables / f"{part}-trials.parquet") for part in parts]
    merged = [i for i, old in enumerate(trials) if pc.any(pc.is_in(old, ids)).as_py()]
    size = fresh.num_rows + sum(len(trials[i]) for i in merged)
    for i in reversed(range(len(parts))):
        if i not in merged:
            if len(trials[i]) > _GROWTH * size:
                break
            merged.append(i)
            size += len(trials[i])
    return [parts[i] for i in sorted(merged)]


def _read_ids(path: Location) -> pa.ChunkedArray:
    return read_table(path, columns=["trial_id"])["trial_id"]


def _without(
    files: Iterable[Location], ids: pa.ChunkedArray, schema: pa.Schema
) -> Iterator[pa.Table]:
    """The rows of older files, less those of trials that have been run again.

    Raises StoreError for damage, lest it were copied, and given a checksum that says it is fine.
    """
    superseded = ids.combine_chunks()
    for path in files:
        try:
            with path.open("rb") as source:
                file = pq.ParquetFile(source, page_checksum_verification=True)
                for batch in file.iter_batches(batch_size=ROW_GROUP):
                    table = conform(pa.Table.from_batches([batch]), schema)
                    yield table.filter(pc.invert(pc.is_in(table["trial_id"], superseded)))
        except (OSError, pa.ArrowException, ValueError) as error:
            raise not_readable(path, error) from error


def _write(
    path: Location, schema: pa.Schema, parts: Iterable[pa.Table], check: Callable[[], None]
) -> None:
    checked = {"compression": "zstd", "write_page_checksum": True}
    with replacing(path, check=check) as file, pq.ParquetWriter(file, schema, **checked) as writer:
        for table in _in_row_groups(parts, schema):
            writer.write_table(table, row_group_size=ROW_GROUP)


def _in_row_groups(parts: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """The same rows in tables of at least ROW_GROUP rows, but for the last."""
    pending = schema.empty_table()
    for part in parts:
        pending = pa.concat_tables([pending, part])
        if pending.num_rows >= ROW_GROUP:
            yield pending
            pending = schema.empty_table()
    yield pending


def _stamp(path: Location) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _forget(path: Location, stamp: tuple[int, int] | None) -> None:
    """Delete a trial's own file, unless the trial has been started again since it was read."""
    if stamp is not None and _stamp(path) == stamp:
        path.unlink(missing_ok=True)


def sweep(folder: Location) -> None:
    """Delete what killed writers left half-written, in files that nobody has touched for long."""
    paths: list[Location] = []
    with suppress(FileNotFoundError):  # no such folder
        paths = list(folder.iterdir())
    if all(path.suffix != ".tmp" for path in paths):  # as always in a bucket
        return
    ages: dict[Location, float] = {}
    for path in paths:
        with suppress(FileNotFoundError):  # somebody has finished it
            ages[path] = path.stat().st_mtime
    newest = max(ages.values(), default=0.0)  # by the file system's own clock
    for path, age in ages.items():
        if path.suffix == ".tmp" and newest - age > _STALE:
            path.unlink(missing_ok=True)


def _count_files(store: Store) -> int:
    return sum(1 for folder in (store.live, store.tables) for _ in folder.glob("*.parquet"))
