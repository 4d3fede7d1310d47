"""B: explicit regularization is neither necessary nor sufficient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.orchestrator.store.layout import Store

Judge = Callable[[str], dict[str, Any]]
FITS, SHORT, LONG = (0.75, 0.005), (0.75, 0.5), (0.5,) * 100


@pytest.mark.parametrize(
    ("errors", "test_error", "verdict"),
    [
        (FITS, 0.5, "supported"),
        (FITS, 0.69, "supported"),
        (FITS, 0.71, "contradicted"),  # a guess has 0.9
        (SHORT, 0.5, "not enough runs"),
        (LONG, 0.5, "not enough runs"),
    ],
)
def test_an_unregularized_fit_that_generalizes_supports_it(
    store: Store,
    write: Any,
    judged: Judge,
    errors: tuple[float, ...],
    test_error: float,
    verdict: str,
) -> None:
    write(store, errors, test_errors=[test_error] * len(errors))
    assert judged("not necessary")["verdict"] == verdict


def test_one_network_that_does_not_generalize_contradicts_it(
    store: Store, write: Any, judged: Judge
) -> None:
    write(store, FITS, test_errors=(0.5, 0.5))
    write(store, FITS, test_errors=(0.9, 0.9), model="alexnet")
    row = judged("not necessary")
    assert (row["verdict"], row["supports"], row["contradicts"]) == ("contradicted", 1, 1)
    assert "alexnet, true labels: test error 90.00 %, a guess has 90 %" in row["reason"]


def test_seeds_around_the_limit_leave_it_open(store: Store, write: Any, judged: Judge) -> None:
    for seed, test_error in enumerate((0.65, 0.75)):
        write(store, FITS, test_errors=(0.5, test_error), seed=seed)
    assert judged("not necessary")["verdict"] == "not enough runs"


def test_regularized_trials_do_not_say_whether_regularization_is_necessary(
    store: Store, write: Any, judged: Judge
) -> None:
    write(store, FITS, test_errors=(0.5, 0.5), weight_decay=5e-4)
    assert judged("not necessary")["reason"] == "needs unregularized trials on true labels"


@pytest.mark.parametrize(
    ("errors", "regularizer", "verdict"),
    [
        (FITS, {"weight_decay": 5e-4}, "supported"),
        (FITS, {"dropout": 0.5}, "supported"),
        (LONG, {"weight_decay": 5e-4}, "contradicted"),
        (SHORT, {"weight_decay": 5e-4}, "not enough runs"),
        (LONG, {"crop": True}, "not enough runs"),  # no image is seen twice: 400 epochs
        (4 * LONG, {"crop": True}, "contradicted"),
        (4 * LONG, {"flip": True, "rotation": 25.0}, "contradicted"),
        (LONG, {}, "not enough runs"),
    ],
)
def test_regularized_networks_that_fit_random_labels_support_it(
    store: Store,
    write: Any,
    judged: Judge,
    errors: tuple[float, ...],
    regularizer: dict[str, Any],
    verdict: str,
) -> None:
    write(store, errors, corruption=1.0, **regularizer)
    assert judged("not sufficient")["verdict"] == verdict


@pytest.mark.parametrize(
    ("fitting", "failing", "verdict"),
    [(2, 1, "supported"), (1, 1, "not enough runs"), (1, 2, "contradicted")],
)
def test_the_majority_of_regularizers_decides(
    store: Store, write: Any, judged: Judge, fitting: int, failing: int, verdict: str
) -> None:
    for i in range(fitting + failing):
        write(store, FITS if i < fitting else LONG, corruption=1.0, weight_decay=1e-4 * (i + 1))
    row = judged("not sufficient")
    assert (row["verdict"], row["supports"], row["contradicts"]) == (verdict, fitting, failing)
