"""What the report says of convergence: a time that was not reached is never averaged away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.questions.convergence import (
    THRESHOLDS,
    UNITS,
    convergence_table,
)
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
TIME = ("time", "time_low", "time_high", "time_above")
RATIO = ("ratio", "ratio_low", "ratio_high", "ratio_above")


def bare(store: Store) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return convergence_table(db).records()


def shown(store: Store) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return formatted(convergence_table(db)).records()


def until(epochs: int) -> tuple[float, ...]:
    """Training errors that are 0 from this epoch on."""
    return (0.5,) * (epochs - 1) + (0.0,)


def test_the_time_is_the_median_over_seeds_with_its_interval(store: Store, write: Write) -> None:
    for seed, end in enumerate((1, 3, 4, 6, 7, 8, 9)):
        write(store, until(end), seed=seed, epochs=9)
    (row,) = bare(store)
    assert (row["seeds"], row["reached"], row["ratio_seeds"]) == (7, 7, 7)
    assert [row[name] for name in TIME] == [6.0, 1.0, 8.0, None]
    (row,) = shown(store)
    assert (row["reached"], row["epochs"], row["ratio"]) == ("7/7", "6 [1, 8]", "1×")


def test_the_ratio_is_the_median_of_each_seeds_own(store: Store, write: Write) -> None:
    for seed, (truth, randomized) in enumerate([(1, 2), (2, 3), (1, 4)]):
        write(store, until(truth), seed=seed)
        write(store, until(randomized), seed=seed, corruption=1.0)
    random = bare(store)[1]
    assert [random[name] for name in RATIO] == [2.0, 1.5, None, None]
    assert [r["ratio"] for r in shown(store)] == ["1×", "2× [1.5, ∞)"]


def test_one_seed_has_no_interval(store: Store, write: Write) -> None:
    write(store, (0.5, 0.5, 0.0))
    (row,) = shown(store)
    assert (row["reached"], row["epochs"], row["ratio"]) == ("1/1", "3", "1×")


def test_a_censored_seed_is_neither_left_out_nor_made_up(store: Store, write: Write) -> None:
    for seed, curve in enumerate([until(1), until(2), (0.5,) * 3]):
        write(store, curve, seed=seed)
    (row,) = bare(store)
    assert (row["seeds"], row["reached"], row["time"]) == (3, 2, 2.0)  # and not 1.5
    write(store, (0.5,) * 3, seed=3)
    (row,) = bare(store)
    assert [row[name] for name in TIME] == [None, 1.0, None, 2.5]
    assert shown(store)[0]["epochs"] == "> 2.5"


def test_one_censored_trial_is_said_not_to_have_got_there(store: Store, write: Write) -> None:
    write(store, (0.5, 0.5))
    (row,) = shown(store)
    assert (row["reached"], row["epochs"], row["ratio"]) == ("0/1", "> 2", "–")


def test_a_ratio_is_longer_than_that_of_what_was_seen_where_its_trial_is_censored(
    store: Store, write: Write
) -> None:
    write(store, (0.5, 0.0))
    write(store, (0.5, 0.5, 0.5), corruption=1.0)
    row = bare(store)[1]
    assert [row[name] for name in RATIO] == [None, None, None, 1.5]
    assert shown(store)[1]["ratio"] == "> 1.5×"


def test_a_ratio_to_true_labels_that_did_not_get_there_is_unknown_and_is_counted_so(
    store: Store, write: Write
) -> None:
    write(store, (0.5, 0.5), seed=0)
    write(store, (0.5, 0.0), seed=1)
    for seed in range(3):  # for the last one there are no true labels at all
        write(store, until(4), seed=seed, corruption=1.0)
    random = bare(store)[1]
    assert (random["seeds"], random["ratio_seeds"], random["ratio"]) == (3, 1, 2.0)
    assert shown(store)[1]["ratio"] == "2× (n=1)"


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(("metric", "threshold"), THRESHOLDS)
def test_every_threshold_and_unit_of_the_view_can_be_asked_for(
    store: Store, write: Write, metric: str, threshold: float, unit: str
) -> None:
    errors, losses = (0.5, 0.01, 0.001, 0.0), (2.0, 0.1, 0.05, 0.01)
    write(store, errors, losses=losses, seconds=(1.0, 2.0, 4.0, 8.0))
    curve = errors if metric == "train_error" else losses
    end = [figure <= threshold for figure in curve].index(True)
    time = {"epochs": end + 1, "steps": 4 * end + 4, "seconds": 2 ** (end + 1) - 1}[unit]
    with Database(store.root) as db:
        table = convergence_table(db, metric, threshold, unit)
        (row,) = table.records()
        assert (row["metric"], row["threshold"], row["unit"]) == (metric, threshold, unit)
        assert row["time"] == time
        assert unit in table.title


def test_all_thresholds_are_those_of_the_view(store: Store, write: Write) -> None:
    write(store, (0.0,))
    with Database(store.root) as db:
        found = db.table("select metric, threshold, unit from convergence").rows
    assert sorted(found) == sorted((*t, unit) for t in THRESHOLDS for unit in UNITS)


@pytest.mark.parametrize("asked", [("train_error", 0.5, "epochs"), ("train_loss", 0.1, "years")])
def test_what_the_view_does_not_have_is_refused(
    store: Store, asked: tuple[str, float, str]
) -> None:
    with Database(store.root) as db, pytest.raises(QueryError):
        convergence_table(db, *asked)


def test_the_rows_behind_the_table_can_be_asked_for(store: Store, write: Write) -> None:
    write(store, (0.5, 0.0))
    with Database(store.root) as db:
        table = convergence_table(db, "train_error", 0.001, "steps")
        (row,) = db.table(table.sql).records()
    assert (row["metric"], row["threshold"], row["unit"]) == ("train_error", 0.001, "steps")
    assert row["value"] == 8


@pytest.mark.parametrize("errors", [(), (0.5, 0.5)], ids=["in its first epoch", "later"])
def test_a_diverged_trial_is_said_to_have_diverged(
    store: Store, write: Write, errors: tuple[float, ...]
) -> None:
    write(store, errors, "diverged")
    (row,) = bare(store)
    assert (row["seeds"], row["reached"], row["diverged"]) == (1, 0, 1)
    assert shown(store)[0]["epochs"] == "diverged"


@pytest.mark.parametrize("errors", [(), (0.5,)], ids=["in its first epoch", "later"])
def test_a_diverged_seed_counts_among_the_seeds(
    store: Store, write: Write, errors: tuple[float, ...]
) -> None:
    write(store, (0.0,), seed=0)
    write(store, (0.5, 0.0), seed=1)
    write(store, errors, "diverged", seed=2)
    (row,) = bare(store)
    assert (row["seeds"], row["reached"], row["diverged"], row["time"]) == (3, 2, 1, 2.0)
    write(store, errors, "diverged", seed=3)
    (row,) = bare(store)
    assert (row["diverged"], row["time"], row["time_above"]) == (2, None, 2.0)


@pytest.mark.parametrize("status", ["running", "failed", "interrupted"])
def test_a_trial_that_has_not_ended_by_itself_does_not_count(
    store: Store, write: Write, status: str
) -> None:
    write(store, (0.0,), status)
    assert bare(store) == []


def test_the_order_is_that_of_the_paper(store: Store, write: Write) -> None:
    for model in ("mlp_1x512", "resnet18", "alexnet", "mlp_3x512", "inception"):
        write(store, (0.0,), model=model)
    write(store, (0.0,), model="inception", batch_norm=False)
    for rule in ("gaussian", "random_pixels", "shuffled_pixels", "random_labels"):
        write(store, (0.0,), model="inception", randomization=rule)
    write(store, (0.0,), model="inception", corruption=0.5)
    write(store, (0.0,), model="inception", corruption=0.25)
    rows = shown(store)
    assert [r["data"] for r in rows if r["model"] == "inception"] == [
        *("true labels", "labels p=0.25", "labels p=0.5", "random labels"),
        *("shuffled pixels", "random pixels", "gaussian"),
    ]
    assert list(dict.fromkeys(r["model"] for r in rows)) == [
        *("inception", "inception (no BN)", "alexnet", "mlp_3x512", "mlp_1x512", "resnet18")
    ]
