"""Pairs of trials with and without a regularizer, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import mean, stdev
from typing import Any

import pytest
from scipy import stats

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.regularization_necessity import (
    regularization_necessity_table,
)
from gensweep.analysis.questions.regularizers import regularizers_table
from gensweep.analysis.report import SUMMARIES
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]


def pairs(store: Store) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return db.table("from regularization order by seed, regularizer").records()


KINDS: dict[str, dict[str, Any]] = {
    "wd": {"weight_decay": 0.5},
    "dropout": {"dropout": 0.25},
    "crop": {"crop": True},
    "flip": {"flip": True},
    "rotation": {"rotation": 25.0},
    "crop+flip+rotation+wd+dropout": {
        "crop": True,
        "flip": True,
        "rotation": 5.0,
        "weight_decay": 0.5,
        "dropout": 0.5,
    },
}


@pytest.mark.parametrize("name", KINDS)
def test_a_partner_differs_in_every_regularizer_and_in_nothing_else(
    store: Store, write: Write, name: str
) -> None:
    plain = write(store, (0.125,), test_errors=(0.5,))
    with_one = write(store, (0.25,), test_errors=(0.375,), **KINDS[name])
    (row,) = pairs(store)
    assert (row["regularizer"], row["trial_id"]) == (name, with_one.trial_id)
    assert row["unregularized_trial_id"] == plain.trial_id
    for figure, one, without in (
        ("train_error", 0.25, 0.125),
        ("test_error", 0.375, 0.5),
        ("gap", 0.125, 0.375),
    ):
        assert (row[figure], row[f"{figure}_without"]) == (one, without)
        assert row[f"{figure}_difference"] == one - without
    for setting in ("weight_decay", "rotation", "dropout"):
        assert row[setting] == getattr(with_one, setting)


OTHERS: list[dict[str, Any]] = [
    *({"seed": 2}, {"lr": 0.5}, {"lr_decay": 0.5}, {"momentum": 0.5}, {"batch_size": 16}),
    *({"precision": "bf16"}, {"dataset": "digits"}, {"model": "mlp_3x512"}, {"epochs": 5}),
    *({"stop": "fit"}, {"corruption": 0.5}, {"randomization": "gaussian"}),
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_a_trial_of_other_settings_is_no_partner(
    store: Store, write: Write, other: dict[str, Any]
) -> None:
    write(store, (0.25,), weight_decay=0.5)
    write(store, (0.25,), **other)
    assert pairs(store) == []


@pytest.mark.parametrize("status", ["running", "failed", "diverged", "interrupted"])
@pytest.mark.parametrize("which", [0.0, 0.5])
def test_both_of_a_pair_are_done(store: Store, write: Write, status: str, which: float) -> None:
    for decay in (0.0, 0.5):
        write(store, (0.25,), status if decay == which else "done", weight_decay=decay)
    assert pairs(store) == []


def test_a_trial_has_one_partner_even_if_two_would_do(store: Store, write: Write) -> None:
    write(store, (0.25,), log_every=7)
    write(store, (0.25,), log_every=8)
    write(store, (0.25,), weight_decay=0.5)
    assert len(pairs(store)) == 1


def test_differences_are_averaged_over_pairs_with_the_interval_of_students_t(
    store: Store, write: Write
) -> None:
    tests = [(0.5, 0.25), (0.5, 0.375), (0.25, 0.25), (0.75, 0.5)]
    for seed, (without, with_one) in enumerate(tests):
        write(store, (0.0,), test_errors=(without,), seed=seed)
        write(store, (0.125,), test_errors=(with_one,), seed=seed, weight_decay=0.5)
    write(store, (0.0,), test_errors=(0.0,), seed=9, weight_decay=0.5)  # without a partner
    with Database(store.root) as db:
        table = regularizers_table(db)
        assert len(db.table(table.sql).rows) == len(tests)
        assert SUMMARIES["regularizers"].applies(db)
    (row,) = table.records()
    differences = [one - without for without, one in tests]
    half = stats.t.ppf(0.975, 3) * stdev(differences) / math.sqrt(4)
    assert (row["pairs"], row["regularizer"]) == (4, "wd")
    assert row["test_error"] == pytest.approx(mean(one for _, one in tests))
    assert row["test_error_without"] == pytest.approx(mean(without for without, _ in tests))
    assert row["test_error_difference"] == pytest.approx(mean(differences))
    assert row["test_error_difference_interval"] == pytest.approx(half, rel=1e-5)
    assert (row["train_error_difference"], row["train_error_difference_interval"]) == (0.125, 0)
    (shown,) = formatted(table).records()
    assert shown["Δ test"] == f"{100 * mean(differences):.2f} ±{100 * half:.2f}"
    assert (shown["n"], shown["Δ train"]) == ("4", "12.50 ±0.00")


def answers(store: Store) -> dict[tuple[str, str], str]:
    with Database(store.root) as db:
        assert SUMMARIES["regularization_necessity"].applies(db)
        table = regularization_necessity_table(db)
        shown = formatted(table).records()
        assert len(db.table(table.sql).rows) == len(table.rows)
    assert [r["answer"] for r in shown] == [r["answer"] for r in table.records()]
    return {(r["question"], r["regularizer"]): r["answer"] for r in table.records()}


@pytest.mark.parametrize(
    ("tests", "answer"),
    [
        ((0.5,), "no"),
        ((0.6999,), "no"),  # 20 points below the chance level 0.9
        ((0.71,), "perhaps"),
        ((0.9, 0.9), "perhaps"),
        ((0.5, 0.51), "no"),
        ((0.5, 0.7), "open"),  # the mean is below, its interval is not
    ],
)
def test_a_regularizer_is_not_necessary_where_trials_without_one_generalize(
    store: Store, write: Write, tests: tuple[float, ...], answer: str
) -> None:
    for seed, test in enumerate(tests):
        write(store, (0.0,), test_errors=(test,), seed=seed)
    assert answers(store) == {("necessary", "none"): answer}


def test_what_has_not_fitted_does_not_say_whether_a_regularizer_is_necessary(
    store: Store, write: Write
) -> None:
    write(store, (0.5,), test_errors=(0.5,))
    write(store, (0.5,), test_errors=(0.9,), model="alexnet")
    assert answers(store) == {("necessary", "none"): "open"}


@pytest.mark.parametrize(
    ("epochs", "settings", "answer"),
    [
        (99, {"weight_decay": 0.5}, "open"),
        (100, {"weight_decay": 0.5}, "perhaps"),
        (399, {"crop": True}, "open"),
        (400, {"crop": True}, "perhaps"),
    ],
)
def test_what_was_not_trained_long_does_not_say_that_a_regularizer_is_sufficient(
    store: Store, write: Write, epochs: int, settings: dict[str, Any], answer: str
) -> None:
    write(store, (0.5,) * epochs, corruption=1.0, **settings)
    assert [*answers(store).values()] == [answer]


def test_both_answers_on_necessity_have_one_limit(store: Store, write: Write) -> None:
    for test, answer, verdict in ((0.69, "no", "supports"), (0.71, "perhaps", "contradicts")):
        write(store, (0.0,), test_errors=(test,))
        assert answers(store) == {("necessary", "none"): answer}
        with Database(store.root) as db:
            cases = db.table("select outcome from evidence where part = 'not necessary'").rows
        assert cases == [(verdict,)]


def test_claims_and_this_table_have_one_answer_on_sufficiency(store: Store, write: Write) -> None:
    said = {"no": "supports", "perhaps": "contradicts", "open": "open"}
    for seed, (train, answer) in enumerate([(0.0, "no"), (0.5, "open"), (0.5, "perhaps")]):
        settings = {"seed": seed, "corruption": 1.0, "weight_decay": 0.5}
        write(store, (train,) * 100, test_errors=(0.9,) * 100, **settings)
        assert answers(store) == {("sufficient", "wd"): answer}
        with Database(store.root) as db:
            cases = db.table("select outcome from evidence where part = 'not sufficient'").rows
        assert cases == [(said[answer],)]


@pytest.mark.parametrize(
    ("trains", "answer"),
    [
        ((0.0,), "no"),
        ((0.01, 0.0), "no"),
        ((0.011,), "perhaps"),
        ((0.0, 0.5), "open"),
        ((0.5, 0.5), "perhaps"),
    ],
)
def test_a_regularizer_is_not_sufficient_where_random_labels_are_fitted_with_it(
    store: Store, write: Write, trains: tuple[float, ...], answer: str
) -> None:
    for seed, train in enumerate(trains):
        settings = {"seed": seed, "corruption": 1.0, "weight_decay": 0.5}
        write(store, (train,) * 100, test_errors=(0.9,) * 100, **settings)
    assert answers(store) == {("sufficient", "wd"): answer}


def test_a_diverged_trial_has_fitted_nothing(store: Store, write: Write) -> None:
    write(store, (0.0,), "diverged", corruption=1.0, weight_decay=0.5)
    assert answers(store) == {("sufficient", "wd"): "perhaps"}


def test_other_trials_bear_on_neither_question(store: Store, write: Write) -> None:
    write(store, (0.0,), weight_decay=0.5)
    write(store, (0.0,), corruption=1.0)
    write(store, (0.0,), corruption=0.5)
    write(store, (0.0,), randomization="gaussian")
    write(store, (0.0,), "running")
    with Database(store.root) as db:
        assert not SUMMARIES["regularization_necessity"].applies(db)
        assert regularization_necessity_table(db).rows == []
