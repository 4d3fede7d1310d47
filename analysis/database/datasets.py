"""What SQL can know of the datasets: their classes and sizes."""

from __future__ import annotations

import duckdb

from gensweep.trainables.datasets import DATASETS


def create_datasets(connection: duckdb.DuckDBPyConnection) -> None:
    """The table `known_datasets`: how many classes, training and test examples each has."""
    values = [
        list(DATASETS),
        [source.classes for source in DATASETS.values()],
        [source.train for source in DATASETS.values()],
        [source.test for source in DATASETS.values()],
    ]
    query = """
        create table known_datasets as select
            unnest(?::varchar[]) as dataset, unnest(?::bigint[]) as classes,
            unnest(?::bigint[]) as train, unnest(?::bigint[]) as test
    """
    connection.execute(query, values)
