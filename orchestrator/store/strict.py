"""What Parquet files must be like that anybody may have written.

Everything that a reader relies on is checked here: the columns and their types, sizes, text in
UTF-8, and names that may become file names. Raises ArrowInvalid, a ValueError, for what is not so.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gensweep.orchestrator.store.names import NAME, TRIAL_ID, short
from gensweep.orchestrator.store.schemas import EPOCHS, LIVE, STEPS, SWEEP, TABLES, TRIALS, conform
from gensweep.trainables.status import Status

MOST = 256 << 20  # bytes, of a trial's or a sweep's file
_FOOTER = 64 << 20  # bytes
_COLUMNS = 1000
_VALUES = 100_000_000  # of a column of a trial's or a sweep's file
_TIMES = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999, in µs
# What `check_part` reads of a part's trials.
_CHECKED = ["trial_id", "status", "started_at", "finished_at"]
_STATUSES = pa.array([status for status in Status if status is not Status.PLANNED], pa.string())


def live_rows(content: bytes, trial_id: str) -> pa.Table:
    """The row of a trial's own file (LIVE), which is named after it."""
    table = _read(content, LIVE)
    if table.num_rows != 1:
        raise pa.ArrowInvalid(f"{table.num_rows:,} rows, not one")
    _check_trials(table)
    if table["trial_id"][0].as_py() != trial_id:
        raise pa.ArrowInvalid(f"the trial in it is {table['trial_id'][0].as_py()}")
    return table


def sweep_rows(content: bytes, sweep: str) -> pa.Table:
    """The rows of a sweep's file (SWEEP), which is named after it."""
    table = _read(content, SWEEP)
    _check_ids(table)
    if not NAME.fullmatch(sweep):
        raise pa.ArrowInvalid("no name of a sweep")
    others = table.filter(pc.fill_null(pc.not_equal(table["sweep"], sweep), True))
    if others.num_rows:
        raise pa.ArrowInvalid(f"the sweep in it is {short(repr(others['sweep'][0].as_py()))}")
    return table


def check_part(file: pq.ParquetFile, table: str, whole: bool) -> None:
    """Check a file of a compacted part: what every reader relies on, or every value of it."""
    schema = TABLES[table]
    _check_schema(file)
    conform(file.schema_arrow.empty_table(), schema)
    if whole:
        for batch in file.iter_batches():
            batch.validate(full=True)
            _check_rows(conform(pa.Table.from_batches([batch]), schema))
    elif schema is TRIALS:
        present = [name for name in _CHECKED if name in file.schema_arrow.names]
        _check_rows(conform(file.read(present), schema))


def _check_rows(table: pa.Table) -> None:
    if table.schema.equals(TRIALS):
        _check_trials(table)
    else:
        assert table.schema.equals(EPOCHS) or table.schema.equals(STEPS)
        _check_ids(table)


def _check_trials(table: pa.Table) -> None:
    _check_ids(table)
    known = pc.is_in(table["status"], _STATUSES)
    if not pc.all(known).as_py():
        status = table["status"].filter(pc.invert(known))[0].as_py()
        raise pa.ArrowInvalid(f"status {short(repr(status))}")
    for name in ("started_at", "finished_at"):
        times = pc.drop_null(table[name]).cast(pa.int64())
        if len(times):
            first, last = pc.min_max(times).as_py().values()
            if first < _TIMES[0] or last > _TIMES[1]:
                raise pa.ArrowInvalid(f"{name} is in no year from 1 to 9999")


def _check_ids(table: pa.Table) -> None:
    ids = table["trial_id"]
    fits = pc.fill_null(pc.match_substring_regex(ids, f"^(?:{TRIAL_ID.pattern})$"), False)
    if table.num_rows and not pc.all(fits).as_py():
        odd = ids.filter(pc.invert(fits))[0].as_buffer()
        text = odd.to_pybytes().decode("utf-8", "backslashreplace") if odd else "NULL"
        raise pa.ArrowInvalid(f"trial_id {short(text)}")


def _read(content: bytes, schema: pa.Schema) -> pa.Table:
    # Before anything is allocated for it.
    if content[-4:] != b"PAR1" or int.from_bytes(content[-8:-4], "little") > _FOOTER:
        raise pa.ArrowInvalid("no Parquet file" if content else "empty")
    file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
    _check_schema(file)
    about = file.metadata
    for group in (about.row_group(i) for i in range(about.num_row_groups)):
        if max(group.column(i).num_values for i in range(group.num_columns)) > _VALUES:
            raise pa.ArrowInvalid(f"more than {_VALUES:,} values in a column")
    table = file.read(use_threads=False)
    table.validate(full=True)
    return conform(table, schema)


def _check_schema(file: pq.ParquetFile) -> None:
    if file.metadata.num_columns > _COLUMNS:
        raise pa.ArrowInvalid(f"more than {_COLUMNS:,} columns")
