"""A consistent look at a results folder, while others write to it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.store.errors import StoreError
from orchestrator.store.layout import Store
from orchestrator.store.lock import is_held
from orchestrator.store.manifest import Manifest, read_manifest
from orchestrator.store.schemas import LIVE, SWEEP, conform

_TRIES = 20


@dataclass(frozen=True)
class Snapshot:
    """What a results folder held at one moment.

    live:      trials not compacted yet, one row each, with nested epochs and steps (LIVE).
    manifest:  the compacted files in force; a trial that is in `live` too is superseded there.
    sweeps:    what each sweep consists of (SWEEP).
    launching: whether a launch was under way; if not, nothing that says so is running.
    unreadable: files that were left out, because they are damaged.
    """

    store: Store
    live: pa.Table
    manifest: Manifest
    sweeps: pa.Table
    launching: bool
    unreadable: Sequence[str]


def take_snapshot(store: Store) -> Snapshot:
    """Read until nothing was compacted meanwhile, so that no trial falls between two files."""
    for _ in range(_TRIES):
        manifest = read_manifest(store)
        launching = is_held(launch_lock(store))
        live, bad_live = _read_all(sorted(store.live.glob("*.parquet")), LIVE)
        sweeps, bad_sweeps = _read_all(sorted(store.sweeps.glob("*.parquet")), SWEEP)
        if read_manifest(store).generation == manifest.generation:
            unreadable = [*bad_live, *bad_sweeps]
            return Snapshot(store, live, manifest, sweeps, launching, unreadable)
    raise StoreError(str(store.root), "is being compacted without end", todo="try again")


def launch_lock(store: Store) -> Path:
    return store.locks / "launch.lock"


def _read_all(files: Sequence[Path], schema: pa.Schema) -> tuple[pa.Table, list[str]]:
    """All files as one table, and the names of those that cannot be read.

    A file that is gone by now was compacted, which the caller notices.
    """
    unreadable: list[str] = []

    def read(path: Path) -> pa.Table | None:
        try:
            with path.open("rb") as file:
                return conform(pq.ParquetFile(file).read(use_threads=False), schema)
        except FileNotFoundError:
            return None
        except (OSError, pa.ArrowException) as error:
            unreadable.append(f"{path}: {error}")
            return None

    with ThreadPoolExecutor(8) as pool:
        tables = [table for table in pool.map(read, files) if table is not None]
    if not tables:
        tables = [pa.Table.from_batches([], schema)]
    return pa.concat_tables(tables).combine_chunks(), unreadable
