"""What SQL can know of datasets and models: what their registries say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.models import MODELS

_DATASETS = {
    **dict.fromkeys(("classes", "train", "test"), "bigint"),
    "fit_error": "double",
    "encoded": "boolean",
}
_MODELS = {"batch_norm": "boolean", "dropout": "boolean"}


def create_registries(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables `registered_datasets` and `known_models`, a row per entry.

    `place` is that of a model in tables, from 1; `batch_norm` and `dropout` are whether it has a
    place for them.
    """
    of_datasets = [[getattr(source, name) for source in DATASETS.values()] for name in _DATASETS]
    of_models = [[getattr(model, name) for model in MODELS.values()] for name in _MODELS]
    _create(
        connection,
        "registered_datasets",
        {"dataset": "varchar", **_DATASETS},
        [list(DATASETS), *of_datasets],
    )
    _create(
        connection,
        "known_models",
        {"model": "varchar", "place": "bigint", **_MODELS},
        [list(MODELS), [*range(1, len(MODELS) + 1)], *of_models],
    )


def _create(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, str],
    values: Sequence[list[Any]],
) -> None:
    named = ", ".join(f"unnest(?::{kind}[]) as {name}" for name, kind in columns.items())
    connection.execute(f"create table {table} as select {named}", values)
