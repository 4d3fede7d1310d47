"""Table 1 of the paper beside ours: its numbers are the paper's, and ours are ours alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analysis.database import Database
from analysis.paper.table_1 import CERTAINTY, for_people, has_trials, paper_cells, table_1
from orchestrator.store.layout import Store
from trainables.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]

# Copied from the paper once more: model, crop + wd, crop, wd, none, random labels.
PAPER = """
inception        100/89.05    100/89.31    100/86.03   100/85.75   100/9.78
inception_no_bn  -            -            100/83.00   100/82.00   100/10.12
alexnet          99.90/81.22  99.82/79.66  100/77.36   100/76.07   99.82/9.86
mlp_3x512        -            -            100/53.35   100/52.39   100/10.48
mlp_1x512        -            -            99.80/50.39 100/50.51   99.34/10.61
"""
COLUMNS = [
    ("true_labels", "crop+wd"),
    ("true_labels", "crop"),
    ("true_labels", "wd"),
    ("true_labels", "none"),
    ("random_labels", "none"),
]
Cell = tuple[str, bool, str, str]


def printed() -> dict[Cell, tuple[float, float]]:
    cells = {}
    for line in PAPER.strip().splitlines():
        name, *pairs = line.split()
        model, batch_norm = name.removesuffix("_no_bn"), name == "inception"
        for (labels, regularizer), pair in zip(COLUMNS, pairs, strict=True):
            if pair != "-":
                train, test = map(float, pair.split("/"))
                cells[model, batch_norm, labels, regularizer] = (train, test)
    return cells


def key(row: dict[str, Any]) -> Cell:
    return row["model"], row["batch_norm"], row["randomization"], row["regularizer"]


def test_the_cells_are_the_19_of_the_paper_with_its_numbers() -> None:
    cells = paper_cells()
    assert len(cells) == 19
    assert {key(cell): (cell["train"], cell["test"]) for cell in cells} == printed()


def test_every_cell_says_how_sure_we_are_of_it() -> None:
    assert {cell["certainty"] for cell in paper_cells()} == {"T"}
    assert set(CERTAINTY) == {"T", "N", "M"}


def bare(store: Store) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return table_1(db).records()


def test_without_trials_of_ours_every_cell_is_there_and_empty(store: Store) -> None:
    rows = bare(store)
    assert {key(r): (r["paper_train"], r["paper_test"]) for r in rows} == printed()
    assert {r["seeds"] for r in rows} == {0}
    ours = ("train", "train_interval", "test", "test_interval", "test_difference")
    assert {r[name] for r in rows for name in ours} == {None}
    with Database(store.root) as db:
        shown = for_people(table_1(db))
    assert {r["ours"] for r in shown.records()} == {"not run"}


def test_our_seeds_stand_in_their_cell_and_in_no_other(store: Store, write: Write) -> None:
    settings = {"model": "inception", "crop": True, "weight_decay": 5e-4}
    write(store, (0.0,), test_errors=(0.125,), seed=0, **settings)
    write(store, (0.25,), test_errors=(0.125,), seed=1, **settings)
    rows = {key(r): r for r in bare(store)}
    (cell,) = (k for k, r in rows.items() if r["seeds"])
    assert cell == ("inception", True, "true_labels", "crop+wd")
    ours = rows[cell]
    assert (ours["seeds"], ours["train"], ours["test"]) == (2, 87.5, 87.5)
    assert ours["test_difference"] == pytest.approx(87.5 - 89.05)
    assert ours["train_interval"] == pytest.approx(12.706205 * 12.5, rel=1e-6)
    assert ours["test_interval"] == 0


@pytest.mark.parametrize("cell", printed(), ids=str)
def test_every_cell_can_be_filled(store: Store, write: Write, cell: Cell) -> None:
    model, batch_norm, labels, regularizer = cell
    write(
        store,
        (0.0,),
        model=model,
        batch_norm=batch_norm,
        randomization=labels,
        crop="crop" in regularizer,
        weight_decay=5e-4 if "wd" in regularizer else 0.0,
    )
    assert [key(r) for r in bare(store) if r["seeds"]] == [cell]


@pytest.mark.parametrize(
    ("status", "settings"),
    [
        *((status, {}) for status in ("running", "failed", "diverged", "interrupted")),
        ("done", {"dataset": "digits"}),
        ("done", {"corruption": 0.5}),
        ("done", {"flip": True}),
        ("done", {"model": "resnet18"}),
        ("done", {"randomization": "gaussian"}),
    ],
    ids=str,
)
def test_what_the_paper_has_no_cell_for_counts_in_none(
    store: Store, write: Write, status: str, settings: dict[str, Any]
) -> None:
    write(store, (0.25,), status, **settings)
    assert {r["seeds"] for r in bare(store)} == {0}


def test_other_settings_are_rows_of_their_own(store: Store, write: Write) -> None:
    for epochs in (2, 100):
        write(store, (0.0,), epochs=epochs)
    rows = [r for r in bare(store) if r["seeds"]]
    assert [(r["settings"], r["seeds"]) for r in rows] == [
        ("max_epochs 100", 1),
        ("max_epochs 2", 1),
    ]
    assert len(bare(store)) == 20


@pytest.mark.parametrize(
    ("status", "dataset", "there"),
    [("done", "cifar10", True), ("failed", "cifar10", False), ("done", "digits", False)],
)
def test_the_table_is_shown_where_there_is_something_to_compare(
    store: Store, write: Write, status: str, dataset: str, there: bool
) -> None:
    write(store, (0.0,), status, dataset=dataset)
    with Database(store.root) as db:
        assert has_trials(db) == there


def test_a_reader_sees_both_pairs_their_difference_and_the_certainty(
    store: Store, write: Write
) -> None:
    write(store, (0.0,), test_errors=(0.5,))
    with Database(store.root) as db:
        shown = for_people(table_1(db))
    (ours,) = (r for r in shown.records() if r["n"])
    assert ours["paper [T]"] == "100.00/50.51"
    assert ours["ours"] == "100.00/50.00"
    assert ours["Δ test"] == "-0.51"
    assert shown.notes[0] == "[T] read in a transcription of the paper"
