"""What the report says of convergence: a time that was not reached is never averaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scipy import stats

from analysis.convergence import convergence_table, for_people
from analysis.database import Database
from orchestrator.store.layout import Store
from trainables.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
FIGURES = ("epochs", "epochs_interval", "steps", "ratio", "ratio_interval")


def bare(store: Store) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return convergence_table(db).records()


def shown(store: Store) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return for_people(convergence_table(db)).records()


def test_seeds_are_averaged_with_the_interval_of_students_t(store: Store, write: Write) -> None:
    ends = {0: 1, 1: 3, 2: 4}
    for seed, end in ends.items():
        write(store, (0.5,) * (end - 1) + (0.0,), seed=seed)
    (row,) = bare(store)
    half = stats.t.ppf(0.975, 2) * stats.sem(list(ends.values()))
    assert (row["seeds"], row["reached"], row["epochs"]) == (3, 3, pytest.approx(8 / 3))
    assert row["steps"] == pytest.approx(4 * 8 / 3)
    assert row["epochs_interval"] == pytest.approx(half, rel=1e-5)
    assert shown(store)[0]["epochs"] == f"2.67 ± {half:.2f}"


def test_the_ratio_is_averaged_over_seeds_each_to_its_own_true_labels(
    store: Store, write: Write
) -> None:
    for seed, (truth, randomized) in enumerate([(1, 2), (2, 3)]):
        write(store, (0.5,) * (truth - 1) + (0.0,), seed=seed)
        write(store, (0.5,) * (randomized - 1) + (0.0,), seed=seed, corruption=1.0)
    ratios = [2.0, 1.5]
    half = stats.t.ppf(0.975, 1) * stats.sem(ratios)
    random = bare(store)[1]
    assert random["ratio"] == pytest.approx(1.75)
    assert random["ratio_interval"] == pytest.approx(half, rel=1e-5)
    assert [r["ratio"] for r in shown(store)] == ["1.00 ± 0.00×", f"1.75 ± {half:.2f}×"]


def test_one_seed_has_a_whole_number_of_epochs_and_no_interval(store: Store, write: Write) -> None:
    write(store, (0.5, 0.5, 0.0))
    (row,) = shown(store)
    assert (row["n"], row["epochs"], row["steps"], row["ratio"]) == (1, "3", "12", "1.00×")


def test_a_censored_seed_leaves_no_mean_behind(store: Store, write: Write) -> None:
    write(store, (0.0,), seed=0)
    write(store, (0.5, 0.5, 0.25), seed=1)
    (row,) = bare(store)
    assert (row["seeds"], row["reached"]) == (2, 1)
    assert [row[name] for name in FIGURES] == [None] * len(FIGURES)
    (row,) = shown(store)
    assert row["epochs"] == "not reached in 3 (1 of 2 did)"
    assert (row["steps"], row["ratio"]) == ("–", "–")


def test_one_censored_trial_is_said_not_to_have_got_there(store: Store, write: Write) -> None:
    write(store, (0.5, 0.5))
    assert shown(store)[0]["epochs"] == "not reached in 2"


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
    assert (row["seeds"], row["reached"], row["diverged"], row["epochs"]) == (3, 2, 1, None)
    assert shown(store)[0]["epochs"] == "diverged (2 of 3 did)"


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
