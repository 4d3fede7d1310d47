"""What SQL can know of the datasets: their classes and sizes."""

from __future__ import annotations

import duckdb

from trainables.datasets import DATASETS


def create_datasets(connection: duckdb.DuckDBPyConnection) -> None:
    """The table `datasets`: how many classes, training and test examples each has."""
    connection.execute(
        "create table datasets (dataset varchar, classes bigint, train bigint, test bigint)"
    )
    rows = [[name, s.classes, s.train, s.test] for name, s in DATASETS.items()]
    connection.executemany("insert into datasets values (?, ?, ?, ?)", rows)
