"""What Parquet files must be like that anybody may have written.

Everything that a reader relies on is checked here: the columns and their types, sizes, ranges, text
in UTF-8, and names that may become file names. Raises ArrowInvalid, a ValueError, for what is not
so. Without pyarrow.compute, which takes longer to import than most answers take.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gensweep.orchestrator.store.names import NAME, TRIAL_ID, is_name
from gensweep.orchestrator.store.schemas import LIVE, SWEEP, TABLES, TRIALS, conform
from gensweep.trainables.shown import short
from gensweep.trainables.status import COMPLETE, Status

MOST = 256 << 20  # bytes, of a trial's or a sweep's file
_FOOTER = 64 << 20  # bytes
_COLUMNS = 1000
# A value that is repeated takes next to nothing in a file. In honest ones each row has something of
# its own: their values take some 5 times as much as the file.
_GROWTH = 200
_WIDTHS = {"BOOLEAN": 1 / 8, "INT32": 4, "FLOAT": 4}  # bytes; of others 8
_TIMES = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999, in µs
# Of the numbers that others are computed or drawn from: (lowest, highest).
_EPOCHS, _STEPS, _ERRORS = (0, 2**31 - 1), (0, 2**53), (0.0, 1.0)
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("epoch", "epochs", "fit_epoch", "best_test_epoch"), _EPOCHS),
    **dict.fromkeys(("step", "steps", "fit_step", "parameters", "attempts"), _STEPS),
    **dict.fromkeys(("train_examples", "test_examples"), _STEPS),
    "classes": (1, 2**31 - 1),
    **{
        field.name: _ERRORS
        for field in (*TRIALS, *TABLES["epochs"])
        if field.name.endswith(("_error", "_fraction"))
    },
}
# Of these a trial has one for each training example, and they may all be equal. Of a compacted part
# they are read only where somebody asks for them.
_LARGE = tuple(field.name for field in TRIALS if field.name.startswith("example_"))
_DECODER = json.JSONDecoder()
# JSON, and whether every trial has it; settings were stored later than trials.
_OBJECTS = {"config": True, "setting": False, "theory_settings": False}
_STATUSES = {str(status) for status in Status if status is not Status.PLANNED}


def live_rows(content: bytes, trial_id: str) -> pa.Table:
    """The row of a trial's own file (LIVE), which is named after it."""
    file = _opened(content)
    if file.metadata.num_rows != 1:
        raise pa.ArrowInvalid(f"{file.metadata.num_rows:,} rows, not one")
    table = _read(file, LIVE)
    _check_trials(table)
    for name in ("epoch_rows", "step_rows"):
        for chunk in table[name].chunks:
            _check_ranges(pa.RecordBatch.from_struct_array(chunk.values))
    if table["trial_id"][0].as_py() != trial_id:
        raise pa.ArrowInvalid(f"the trial in it is {table['trial_id'][0].as_py()}")
    return table


def sweep_rows(content: bytes, sweep: str) -> pa.Table:
    """The rows of a sweep's file (SWEEP), which is named after it."""
    file = _opened(content)
    for batch in _packed(pa.BufferReader(content), file).iter_batches():
        batch.validate(full=True)
        _check_growth(sum(map(_text_bytes, batch.columns)), len(content))
    table = _read(file, SWEEP)
    _check_ids(table["trial_id"])
    _check_objects(table["config"], "config", needed=True)
    if not NAME.fullmatch(sweep):
        raise pa.ArrowInvalid("no name of a sweep")
    for other in _distinct(table["sweep"]) - {sweep}:
        raise pa.ArrowInvalid(f"the sweep in it is {short(repr(other))}")
    return table


def check_part(source: BinaryIO, table: str, whole: bool) -> set[str]:
    """Check a file of a compacted part: every value of its trials or, with `whole`, of any table.
    Returns the ids of the trials in it that came to an end of their own.

    A part has few bytes of trials, and every reader reads them; of epochs and steps it has many, so
    of their ranges what the file itself says must do.
    """
    size, schema = source.seek(0, os.SEEK_END), TABLES[table]
    file = pq.ParquetFile(source, page_checksum_verification=True)
    _check_schema(file, size)
    conform(pa.Table.from_batches([], file.schema_arrow), schema)
    if whole or schema is TRIALS:
        names = [name for name in file.schema_arrow.names if whole or name not in _LARGE]
        texts, complete = 0, set()
        for batch in _packed(source, file).iter_batches(columns=names):
            batch.validate(full=True)
            texts += sum(map(_text_bytes, batch.columns))
            _check_growth(texts, size)
            rows = pa.Table.from_batches([batch])
            if schema is TRIALS:
                _check_trials(rows)
                ids, statuses = (rows[name].to_pylist() for name in ("trial_id", "status"))
                complete |= {i for i, s in zip(ids, statuses, strict=True) if s in COMPLETE}
            else:
                _check_ids(rows["trial_id"].unique())
                _check_ranges(batch)
        return complete
    _check_statistics(file)
    return set()


def _check_trials(table: pa.Table) -> None:
    """Check rows of trials; columns that came later may be missing."""
    _check_ids(table["trial_id"])
    for batch in table.to_batches():
        _check_ranges(batch)
    for name, needed in _OBJECTS.items():
        if name in table.column_names:
            _check_objects(table[name], name, needed)
    for status in _distinct(table["status"]) - _STATUSES:
        raise pa.ArrowInvalid(f"status {short(repr(status))}")
    for name in {"started_at", "finished_at"} & {*table.column_names}:
        for chunk in table[name].chunks:
            for time in {*chunk.view(pa.int64()).to_pylist()} - {None}:
                if not _TIMES[0] <= time <= _TIMES[1]:
                    raise pa.ArrowInvalid(f"{name} is in no year from 1 to 9999")


def _check_objects(column: pa.ChunkedArray, name: str, needed: bool) -> None:
    for text in _distinct(column):
        if (text is None and needed) or (text is not None and not _is_object(text)):
            raise pa.ArrowInvalid(f"{name} is no JSON object: {short(str(text))}")


def _distinct(column: pa.ChunkedArray) -> set[Any]:
    found: set[Any] = set()
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            found.update(chunk.dictionary.to_pylist(), [None] if chunk.null_count else [])
        else:
            found.update(chunk.to_pylist())
    return found


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


def _check_ranges(rows: pa.RecordBatch) -> None:
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        if name in _RANGES and len(values := _numbers(column)):
            low, high = _RANGES[name]
            if np.fmin.reduce(values) < low or np.fmax.reduce(values) > high:  # which skip NaN
                _refuse(name, low, high)


def _numbers(array: pa.Array) -> NDArray[Any]:
    """Those that are not NULL. (`to_numpy` imports pandas.)"""
    mask, data = array.buffers()
    part = slice(array.offset, array.offset + len(array))
    if array.null_count == len(array):
        return np.empty(0)
    values = np.frombuffer(data, array.type.to_pandas_dtype())[part]
    if array.null_count:
        valid = np.unpackbits(np.frombuffer(mask, np.uint8), bitorder="little")[part]
        values = values[valid.astype(bool)]
    return values


def _check_statistics(file: pq.ParquetFile) -> None:
    for column in _columns(file):
        low, high = _RANGES.get(column.path_in_schema, (0, 0))
        found = column.statistics if high else None
        if found and found.has_min_max and (found.min < low or found.max > high):
            _refuse(column.path_in_schema, low, high)


def _refuse(name: str, low: float, high: float) -> None:
    raise pa.ArrowInvalid(f"{name} is not from {low:,} to {high:,}")


def _opened(content: bytes) -> pq.ParquetFile:
    # Before anything is allocated for it.
    if content[-4:] != b"PAR1" or int.from_bytes(content[-8:-4], "little") > _FOOTER:
        raise pa.ArrowInvalid("no Parquet file" if content else "empty")
    file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
    _check_schema(file, len(content))
    return file


def _read(file: pq.ParquetFile, schema: pa.Schema) -> pa.Table:
    table = file.read(use_threads=False)
    table.validate(full=True)
    return conform(table, schema)


def _check_schema(file: pq.ParquetFile, size: int) -> None:
    if file.metadata.num_columns > _COLUMNS:
        raise pa.ArrowInvalid(f"more than {_COLUMNS:,} columns")
    values = packed = 0.0
    one_row = file.metadata.num_rows == 1
    for column in _columns(file):
        count, type_, bytes_ = (
            column.num_values,
            column.physical_type,
            column.total_uncompressed_size,
        )
        if one_row and count > 1 and type_ == "BYTE_ARRAY":  # texts in a list of its only trial
            values += count * bytes_
        if one_row or not column.path_in_schema.startswith(_LARGE):
            values += count * _WIDTHS.get(type_, 8)
            packed += bytes_
    _check_growth(max(values, packed), size)


def _check_growth(values: float, size: int) -> None:
    if values > max(MOST, _GROWTH * size):
        raise pa.ArrowInvalid(f"{values:,.0f} bytes of values in a file of {size:,} bytes")


def _columns(file: pq.ParquetFile) -> Iterator[pq.ColumnChunkMetaData]:
    about = file.metadata
    for group in (about.row_group(i) for i in range(about.num_row_groups)):
        yield from (group.column(i) for i in range(group.num_columns))


def _packed(source: Any, file: pq.ParquetFile) -> pq.ParquetFile:
    """The same file, of whose texts, also of those in lists, readers get each only once."""
    columns = (file.schema.column(i) for i in range(len(file.schema)))
    texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
    about = {"metadata": file.metadata, "page_checksum_verification": True}
    return pq.ParquetFile(source, read_dictionary=texts, **about)


def _text_bytes(array: pa.Array) -> int:
    """What the texts of an array would take, of which it has each only once."""
    if pa.types.is_list(array.type):
        return _text_bytes(array.values)
    if pa.types.is_struct(array.type):
        return sum(map(_text_bytes, array.flatten()))
    if not pa.types.is_dictionary(array.type):
        return 0
    texts = array.dictionary
    offsets = np.frombuffer(texts.buffers()[1] or b"", np.int32)
    lengths = np.diff(offsets[texts.offset : texts.offset + len(texts) + 1])
    return int(lengths[_numbers(array.indices).astype(np.int64)].sum())
