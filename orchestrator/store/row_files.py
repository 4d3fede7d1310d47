"""Large Parquet files, streamed so that only part of them is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gensweep.orchestrator.store.files import replacing
from gensweep.orchestrator.store.inside import not_readable, opened
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.location import Location
from gensweep.orchestrator.store.schemas import conform

ROW_GROUP = 100_000


def rows_without(
    store: Store, files: Iterable[Location], ids: pa.ChunkedArray, schema: pa.Schema
) -> Iterator[pa.Table]:
    """The rows of older files, without those of trials that have run again.

    Raises StoreError for damage, which would otherwise be copied with a valid checksum.
    """
    superseded = ids.combine_chunks()
    for path in files:
        try:
            with opened(store.root, path) as source:
                file = pq.ParquetFile(source, page_checksum_verification=True)
                for batch in file.iter_batches(batch_size=ROW_GROUP):
                    table = conform(pa.Table.from_batches([batch]), schema)
                    yield table.filter(pc.invert(pc.is_in(table["trial_id"], superseded)))
        except (OSError, pa.ArrowException, ValueError) as error:
            raise not_readable(path, error) from error


def write_rows(
    store: Store,
    path: Location,
    schema: pa.Schema,
    parts: Iterable[pa.Table],
    check: Callable[[], None],
) -> None:
    checked = {"compression": "zstd", "write_page_checksum": True}
    with (
        replacing(store.root, path, check=check) as file,
        pq.ParquetWriter(file, schema, **checked) as writer,
    ):
        for table in _in_row_groups(parts, schema):
            writer.write_table(table, row_group_size=ROW_GROUP)


def _in_row_groups(parts: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """The same rows in tables of at least ROW_GROUP rows, except the last."""
    pending = schema.empty_table()
    for part in parts:
        pending = pa.concat_tables([pending, part])
        if pending.num_rows >= ROW_GROUP:
            yield pending
            pending = schema.empty_table()
    yield pending
