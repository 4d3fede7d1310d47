"""What was trained differently is never averaged together, and can be told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions import convergence, corruption
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
DIFFERENCES: list[tuple[dict[str, Any], str]] = [
    ({"epochs": 9}, "epochs 9"),
    ({"lr": 0.5}, "lr 0.5"),
    ({"lr_decay": 0.5}, "lr_decay 0.5"),
    ({"momentum": 0.5}, "momentum 0.5"),
    ({"batch_size": 16}, "batch_size 16"),
    ({"stop": "fit"}, "stop fit"),
    ({"precision": "bf16"}, "precision bf16"),
]
REGULARIZED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"weight_decay": 0.25}, {"weight_decay": 0.5}, "wd 0.5"),
    ({"dropout": 0.25}, {"dropout": 0.5}, "dropout 0.5"),
    ({"rotation": 5.0}, {"rotation": 10.0}, "rotation 10"),
]


def tables(store: Store) -> list[list[dict[str, Any]]]:
    with Database(store.root) as db:
        return [
            formatted(convergence.convergence_table(db)).records(),
            formatted(corruption.corruption_table(db)).records(),
        ]


def seeds(row: dict[str, Any]) -> int:
    """As the tables write it: how many got there, of how many."""
    return int(row.get("reached", row.get("fitted", "")).split("/")[1])


@pytest.mark.parametrize(
    ("before", "after", "words"), [({}, *d) for d in DIFFERENCES] + REGULARIZED
)
def test_two_settings_are_two_rows_that_name_the_difference(
    store: Store, write: Write, before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    for settings in (before, after):
        write(store, (0.5, 0.0), **settings)
    for rows in tables(store):
        assert [seeds(row) for row in rows] == [1, 1]
        assert words in {row["settings"] for row in rows}
        assert len({row["settings"] for row in rows}) == 2


def test_without_a_difference_there_is_no_such_column(store: Store, write: Write) -> None:
    write(store, (0.5, 0.0), seed=0)
    write(store, (0.5, 0.0), seed=1)
    for (row,) in tables(store):
        assert seeds(row) == 2
        assert not {"settings", "dataset"} & set(row)


@pytest.mark.parametrize(
    "settings", [{"model": "mlp_3x512"}, {"crop": True}, {"corruption": 0.5}], ids=str
)
def test_what_a_row_names_anyway_needs_no_such_column(
    store: Store, write: Write, settings: dict[str, Any]
) -> None:
    write(store, (0.5, 0.0))
    write(store, (0.5, 0.0), **settings)
    for rows in tables(store):
        assert len(rows) == 2
        assert "settings" not in rows[0]


def test_datasets_are_named_where_there_are_several(store: Store, write: Write) -> None:
    write(store, (0.5, 0.0))
    write(store, (0.5, 0.5, 0.0), dataset="digits")
    for rows in tables(store):
        assert [(row["dataset"], seeds(row)) for row in rows] == [("cifar10", 1), ("digits", 1)]


def test_a_network_without_batch_normalization_is_one_of_its_own(
    store: Store, write: Write
) -> None:
    for batch_norm in (True, False):
        write(store, (0.5, 0.0), model="inception", batch_norm=batch_norm)
    for rows in tables(store):
        assert [row["model"] for row in rows] == ["inception", "inception (no BN)"]


def test_settings_stand_in_the_order_of_their_values_whatever_the_data(
    store: Store, write: Write
) -> None:
    for momentum in (0.75, 0.25, 0.5):
        for p in (0.0, 0.5):
            write(store, (0.5, 0.0), momentum=momentum, corruption=p)
    for rows in tables(store):
        assert [row["settings"] for row in rows if row.get("p", "0") == "0"][:3] == [
            *("momentum 0.25", "momentum 0.5", "momentum 0.75")
        ]


def test_what_has_no_regularizer_stands_first(store: Store, write: Write) -> None:
    for settings in ({"crop": True}, {}, {"weight_decay": 0.5}):
        write(store, (0.5, 0.0), **settings)
    for rows in tables(store):
        assert [row["regularizer"] for row in rows] == ["none", "crop", "wd"]
