"""The explicit, versioned Arrow schemas of everything that is stored.

Errors, fractions and probabilities are in [0, 1], losses in nats, times in seconds, timestamps
in UTC. A new column is added at the end and is NULL in files that lack it; any other change
raises FORMAT.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.shown import short

FORMAT = 1
_KEYS = ("trial_id", "sweep")  # which every table has that has trials or sweeps
_METADATA = {"gensweep_format": str(FORMAT)}
_TIME = pa.timestamp("us")

_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}

CONFIG = pa.schema(
    {
        "trial_id": pa.string(),
        "trainable": pa.string(),
        # The fields of a trial that trains a network, which others share where they have them.
        **{field.column: _TYPES[field.type] for field in ClassifierTrial.fields().values()},
        "regularizer": pa.string(),
        "config": pa.string(),
        # JSON of all fields, of a trial that trains no network; NULL where they have columns.
        "theory_settings": pa.string(),
        # What draws of one setting have in common: an id, and as JSON without what is default.
        "setting_id": pa.string(),
        "setting": pa.string(),
    }
)

OUTCOME = pa.schema(
    {
        "parameters": pa.int64(),
        "status": pa.string(),
        "epochs": pa.int64(),
        "steps": pa.int64(),
        "fit_epoch": pa.int64(),
        "fit_step": pa.int64(),
        "final_train_loss": pa.float64(),
        "final_train_error": pa.float64(),
        "final_test_error": pa.float64(),
        "best_test_error": pa.float64(),
        "best_test_epoch": pa.int64(),
        "wall_seconds": pa.float64(),
        "images_per_second": pa.float64(),
        "attempts": pa.int64(),
        "host": pa.string(),
        "device": pa.string(),
        "git_commit": pa.string(),
        "versions": pa.string(),
        "started_at": _TIME,
        "finished_at": _TIME,
        "error": pa.string(),
        "weight_norm": pa.float64(),
        "initial_weight_norm": pa.float64(),
        "distance_from_initialization": pa.float64(),
        "spectral_log_product": pa.float64(),
        "margin_min": pa.float64(),
        "margin_p10": pa.float64(),
        "margin_median": pa.float64(),
        # One entry per training example, in the dataset's order; epochs, 0 for never.
        "example_changed": pa.list_(pa.bool_()),
        "example_first_learned": pa.list_(pa.int32()),
        "example_learned_for_good": pa.list_(pa.int32()),
        "example_forgotten": pa.list_(pa.int32()),
        "measurements": pa.list_(
            pa.struct({"name": pa.string(), "value": pa.float64(), "at": pa.float64()})
        ),
        "final_train_top5_error": pa.float64(),
        "final_test_top5_error": pa.float64(),
        "best_test_top5_error": pa.float64(),
        # Of the dataset, as it was known to who ran the trial. A built-in one has no digest.
        "classes": pa.int64(),
        "train_examples": pa.int64(),
        "test_examples": pa.int64(),
        "dataset_digest": pa.string(),
    }
)

EPOCH = pa.schema(
    {
        "epoch": pa.int64(),
        "step": pa.int64(),
        "lr": pa.float64(),
        "train_loss": pa.float64(),
        "train_error": pa.float64(),
        "test_loss": pa.float64(),
        "test_error": pa.float64(),
        "corrupted_train_error": pa.float64(),
        "clean_train_error": pa.float64(),
        "memorized_fraction": pa.float64(),
        "recovered_fraction": pa.float64(),
        "seconds": pa.float64(),
        # The lowest test error so far: rows are many, and a window over them all is slow.
        "best_test_error": pa.float64(),
        "train_top5_error": pa.float64(),
        "test_top5_error": pa.float64(),
        "best_test_top5_error": pa.float64(),
    }
)

STEP = pa.schema({"step": pa.int64(), "train_loss": pa.float64()})

_ID = pa.field("trial_id", pa.string())

# The flat tables, as compaction writes them and as readers see them.
TRIALS = pa.schema([*CONFIG, *OUTCOME], metadata=_METADATA)
EPOCHS = pa.schema([_ID, *EPOCH], metadata=_METADATA)
STEPS = pa.schema([_ID, *STEP], metadata=_METADATA)
TABLES: dict[str, pa.Schema] = {"trials": TRIALS, "epochs": EPOCHS, "steps": STEPS}

# One trial's file: its row, with its epochs and steps nested, so that all appear at once.
LIVE = pa.schema(
    [
        *TRIALS,
        pa.field("epoch_rows", pa.list_(pa.struct(list(EPOCH)))),
        pa.field("step_rows", pa.list_(pa.struct(list(STEP)))),
    ],
    metadata=_METADATA,
)

# A sweep's file: one row per trial and feed.
SWEEP = pa.schema(
    [pa.field("sweep", pa.string()), pa.field("feed", pa.string()), *CONFIG], metadata=_METADATA
)


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly the schema's columns; those it lacks are NULL.

    Raises ArrowInvalid where a name must be damaged: columns are only ever added, so a file has
    unknown ones, or lacks some, but not both. Types never change.
    """
    if table.schema.equals(schema):
        return table.replace_schema_metadata(schema.metadata)
    found, known = set(_names(table.schema)), set(_names(schema))
    if found - known and known - found:
        unknown = short(", ".join(sorted(found - known)))
        raise pa.ArrowInvalid(f"unknown columns {unknown!r} in place of others")
    for name in table.column_names:
        if table.column_names.count(name) > 1:
            raise pa.ArrowInvalid(f"more than one column {short(repr(name))}")
    for key in _KEYS:
        if key in schema.names and key not in table.column_names:
            raise pa.ArrowInvalid(f"no column {key!r}")
    for field in table.schema:
        if field.name in schema.names and not _fits(field.type, schema.field(field.name).type):
            raise pa.ArrowInvalid(f"column {field.name!r} is of type {short(str(field.type))}")
    columns = [
        _cast(table[field.name], field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _cast(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    # `cast` imports pyarrow.compute, which takes long.
    return column if column.type.equals(type_) else column.cast(type_)


def _fits(found: pa.DataType, known: pa.DataType) -> bool:
    """Whether it is the same type; a list of structs may lack fields that came later."""
    if not (pa.types.is_list(found) and pa.types.is_struct(found.value_type)):
        return bool(found.equals(known))
    if not (pa.types.is_list(known) and pa.types.is_struct(known.value_type)):
        return False
    types = {field.name: field.type for field in known.value_type}
    inner = list(found.value_type)
    return len({field.name for field in inner}) == len(inner) and all(
        field.type.equals(types.get(field.name, field.type)) for field in inner
    )


def _names(fields: Iterable[pa.Field]) -> Iterator[str]:
    """Of the columns, and of what is in them."""
    for field in fields:
        yield field.name
        if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            yield from (f"{field.name}.{name}" for name in _names(field.type.value_type))
