"""What Parquet files must be like that anybody may have written.

Everything that a reader relies on is checked here: the columns and their types, sizes, text in
UTF-8, and names that may become file names. Raises ArrowInvalid, a ValueError, for what is not so.
Without pyarrow.compute, which takes longer to import than most answers take.
"""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq

from gensweep.orchestrator.store.names import NAME, TRIAL_ID, is_name
from gensweep.orchestrator.store.schemas import LIVE, SWEEP, TABLES, TRIALS, conform
from gensweep.trainables.shown import short
from gensweep.trainables.status import Status

MOST = 256 << 20  # bytes, of a trial's or a sweep's file
_FOOTER = 64 << 20  # bytes
_COLUMNS = 1000
_VALUES = 100_000_000  # of a column of a trial's or a sweep's file
_TIMES = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999, in µs
# Of these a trial has one for each training example.
_LARGE = tuple(field.name for field in TRIALS if field.name.startswith("example_"))
_DECODER = json.JSONDecoder()
# JSON, and whether every trial has it; settings were stored later than trials.
_OBJECTS = {"config": True, "setting": False, "theory_settings": False}
_STATUSES = {str(status) for status in Status if status is not Status.PLANNED}


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
    _check_ids(table["trial_id"])
    _check_objects(table["config"], "config", needed=True)
    if not NAME.fullmatch(sweep):
        raise pa.ArrowInvalid("no name of a sweep")
    for other in {*table["sweep"].to_pylist()} - {sweep}:
        raise pa.ArrowInvalid(f"the sweep in it is {short(repr(other))}")
    return table


def check_part(file: pq.ParquetFile, table: str, whole: bool) -> None:
    """Check a file of a compacted part: every value of its trials or, with `whole`, of any table.

    A part has few bytes of trials, and every reader reads them; of epochs and steps it has many.
    """
    schema = TABLES[table]
    _check_schema(file)
    conform(pa.Table.from_batches([], file.schema_arrow), schema)
    if whole or schema is TRIALS:
        names = [name for name in file.schema_arrow.names if whole or name not in _LARGE]
        for batch in file.iter_batches(columns=names):
            batch.validate(full=True)
            rows = pa.Table.from_batches([batch])
            if schema is TRIALS:
                _check_trials(rows)
            else:
                _check_ids(rows["trial_id"].unique())


def _check_trials(table: pa.Table) -> None:
    """Check rows of trials; columns that came later may be missing."""
    _check_ids(table["trial_id"])
    for name, needed in _OBJECTS.items():
        if name in table.column_names:
            _check_objects(table[name], name, needed)
    for status in {*table["status"].to_pylist()} - _STATUSES:
        raise pa.ArrowInvalid(f"status {short(repr(status))}")
    for name in {"started_at", "finished_at"} & {*table.column_names}:
        for chunk in table[name].chunks:
            for time in {*chunk.view(pa.int64()).to_pylist()} - {None}:
                if not _TIMES[0] <= time <= _TIMES[1]:
                    raise pa.ArrowInvalid(f"{name} is in no year from 1 to 9999")


def _check_objects(column: pa.ChunkedArray, name: str, needed: bool) -> None:
    for text in {*column.to_pylist()}:
        if (text is None and needed) or (text is not None and not _is_object(text)):
            raise pa.ArrowInvalid(f"{name} is no JSON object: {short(str(text))}")


def _is_object(text: str) -> bool:
    try:  # as `json.loads` does, in less time, which counts here
        content, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and end == len(text)


def _check_ids(ids: pa.ChunkedArray | pa.Array) -> None:
    for trial_id in ids.to_pylist():
        if not is_name(TRIAL_ID, trial_id):
            raise pa.ArrowInvalid(f"trial_id {short(repr(trial_id))}")


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
