"""Few large files instead of one per trial."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestrator.store.files import replacing
from orchestrator.store.flatten import flatten
from orchestrator.store.layout import Store
from orchestrator.store.lock import hold
from orchestrator.store.manifest import Manifest, write_manifest
from orchestrator.store.rows import FINAL
from orchestrator.store.schemas import TABLES, conform
from orchestrator.store.snapshot import take_snapshot

ROW_GROUP = 100_000


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
    with hold(store.locks / "compact.lock", "compaction"):
        stamps = {path.stem: _stamp(path) for path in store.live.glob("*.parquet")}
        snapshot = take_snapshot(store)
        ended = snapshot.live.filter(pc.is_in(snapshot.live["status"], pa.array(FINAL)))
        before = _count_files(store)
        if ended.num_rows == 0:
            return Compaction(0, before, before)
        generations = replace_rows(store, snapshot.manifest, flatten(ended))
        for trial_id in ended["trial_id"].to_pylist():
            _forget(store.live_file(trial_id), stamps.get(trial_id))
        _delete_all_but(store, *generations)
        return Compaction(ended.num_rows, before, _count_files(store))


def replace_rows(
    store: Store, old: Manifest, fresh: Mapping[str, pa.Table]
) -> tuple[Manifest, Manifest]:
    """Publish a generation in which some trials' rows are replaced or added.

    Returns the manifests before and after.
    """
    new = Manifest(old.generation + 1)
    for table, rows in fresh.items():
        path = store.tables / f"{new.generation:06d}-{table}.parquet"
        kept = _without(old.paths(store, table), fresh["trials"]["trial_id"], TABLES[table])
        _write(path, TABLES[table], itertools.chain(kept, [rows]))
        new.files[table].append(path.name)
    write_manifest(store, new)
    return old, new


def _without(files: Iterable[Path], ids: pa.ChunkedArray, schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of older files, less those of trials that have been run again."""
    superseded = ids.combine_chunks()
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=ROW_GROUP):
            table = conform(pa.Table.from_batches([batch]), schema)
            yield table.filter(pc.invert(pc.is_in(table["trial_id"], superseded)))


def _write(path: Path, schema: pa.Schema, parts: Iterable[pa.Table]) -> None:
    with replacing(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
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


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _forget(path: Path, stamp: tuple[int, int] | None) -> None:
    """Delete a trial's own file, unless the trial has been started again since it was read."""
    if stamp is not None and _stamp(path) == stamp:
        path.unlink(missing_ok=True)


def _delete_all_but(store: Store, *manifests: Manifest) -> None:
    named = {name for manifest in manifests for names in manifest.files.values() for name in names}
    for path in store.tables.iterdir():
        if path.name not in named:
            path.unlink(missing_ok=True)


def _count_files(store: Store) -> int:
    return sum(1 for folder in (store.live, store.tables) for _ in folder.glob("*.parquet"))
