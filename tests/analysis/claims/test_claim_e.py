"""E: the empirical Rademacher complexity is close to 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.datasets import DATASETS

Judge = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ((0.75, 0.0), "supported"),
        ((0.75, 0.04), "supported"),  # (10 · 0.96 - 1) / 9 = 0.956
        ((0.5,) * 99 + (0.05,), "contradicted"),  # 0.944
        ((0.5,) * 99 + (0.8,), "contradicted"),
        ((0.75, 0.5), "not enough runs"),
    ],
)
def test_random_labels_that_are_fitted_support_it(
    store: Store, write: Any, judged: Judge, errors: tuple[float, ...], verdict: str
) -> None:
    write(store, errors, corruption=1.0)
    row = judged("capacity")
    assert row["verdict"] == verdict
    assert f"{(10 * (1 - errors[-1]) - 1) / 9:.3f}" in row["reason"]


def test_the_best_fit_of_a_network_counts(store: Store, write: Any, judged: Judge) -> None:
    write(store, (0.5,) * 100, corruption=1.0, lr=1e-6)
    write(store, (0.75, 0.0), corruption=1.0)
    assert judged("capacity")["verdict"] == "supported"


def test_one_network_without_the_capacity_contradicts_it(
    store: Store, write: Any, judged: Judge
) -> None:
    write(store, (0.75, 0.0), corruption=1.0)
    write(store, (0.5,) * 100, corruption=1.0, model="alexnet")
    assert judged("capacity")["verdict"] == "contradicted"


@pytest.mark.parametrize("settings", [{}, {"corruption": 1.0, "weight_decay": 5e-4}])
def test_only_unregularized_fits_of_random_labels_count(
    store: Store, write: Any, judged: Judge, settings: dict[str, Any]
) -> None:
    write(store, (0.75, 0.0), **settings)
    assert judged("capacity")["reason"] == (
        "needs unregularized trials on random labels, or of the trainable capacity"
    )


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_guess_has_no_correlation_and_a_fit_has_all(store: Store, dataset: str) -> None:
    classes = DATASETS[dataset].classes
    query = "select chance(?), correlation(?, ?), correlation(0, ?)"
    with Database(store.root) as db:
        ((chance, guessed, fitted),) = db.table(
            query, [dataset, 1 - 1 / classes] + [dataset] * 2
        ).rows
    assert (chance, guessed, fitted) == pytest.approx((1 - 1 / classes, 0.0, 1.0))
