"""A consistent view of a results folder while other processes write to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from gensweep.orchestrator.store.damage import Damage
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import each, listing
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Lease, held, read_leases
from gensweep.orchestrator.store.location import Location
from gensweep.orchestrator.store.manifest import Manifest, of_parts, read_manifest
from gensweep.orchestrator.store.schemas import LIVE, SWEEP, TABLES, conform

_TRIES = 20


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
        leases = held(read_leases(store))
        live, bad_live = _read_all(listing(store.live, "*.parquet"), LIVE)
        sweeps, bad_sweeps = _read_all(listing(store.sweeps, "*.parquet"), SWEEP)
        bad_parts = _bad_parts(store, manifest, verify)
        if read_manifest(store)[0].generation == manifest.generation:
            damaged = [*bad_manifests, *bad_live, *bad_sweeps, *bad_parts]
            lost = {damage.part for damage in bad_parts}
            whole = of_parts(manifest.generation, [p for p in manifest.parts if p not in lost])
            return Snapshot(store, live, whole, sweeps, leases, damaged)
    raise StoreError(str(store.root), "is being compacted without end", todo="try again")


def _read_all(files: Sequence[Location], schema: pa.Schema) -> tuple[pa.Table, list[Damage]]:
    """All files as one table, and the unreadable ones.

    A file that has disappeared was compacted, which the caller detects.
    """
    damaged: list[Damage] = []

    def read(path: Location) -> pa.Table | None:
        try:
            content = pa.BufferReader(path.read_bytes())
            file = pq.ParquetFile(content, page_checksum_verification=True)
            return conform(file.read(use_threads=False), schema)
        except FileNotFoundError:
            return None
        except (OSError, pa.ArrowException, ValueError) as error:
            damaged.append(Damage.of(path, error))
            return None

    tables = [table for table in each(read, files) if table is not None]
    if not tables:
        tables = [pa.Table.from_batches([], schema)]
    return pa.concat_tables(tables).combine_chunks(), damaged


def _bad_parts(store: Store, manifest: Manifest, verify: bool) -> list[Damage]:
    """Damage in the compacted files: in their footers or, with `verify`, anywhere."""
    damaged: list[Damage] = []
    for table in TABLES:
        for part, path in zip(manifest.parts, manifest.paths(store, table), strict=True):
            try:
                with path.open("rb") as source:
                    file = pq.ParquetFile(source, page_checksum_verification=verify)
                    conform(pa.Table.from_batches([], file.schema_arrow), TABLES[table])
                    if verify:
                        for _ in file.iter_batches():
                            pass
            except (OSError, pa.ArrowException, ValueError) as error:
                damaged.append(Damage.of(path, error, part))
    return damaged
