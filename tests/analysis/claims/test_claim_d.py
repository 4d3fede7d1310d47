"""D: early stopping gains nothing, batch normalization some points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gensweep.orchestrator.store.layout import Store

Judge = Callable[[str], dict[str, Any]]
FITS, SHORT = (0.75, 0.5, 0.005), (0.75, 0.5, 0.5)


@pytest.mark.parametrize(
    ("errors", "test_errors", "verdict"),
    [
        (FITS, (0.5, 0.3, 0.3), "supported"),
        (FITS, (0.5, 0.3, 0.3095), "supported"),
        (FITS, (0.5, 0.3, 0.3105), "contradicted"),
        (FITS, (0.3, 0.4, 0.5), "contradicted"),
        (SHORT, (0.5, 0.3, 0.3), "not enough runs"),
    ],
)
def test_a_best_epoch_that_is_no_better_than_the_last_supports_it(
    store: Store,
    write: Any,
    judged: Judge,
    errors: tuple[float, ...],
    test_errors: tuple[float, ...],
    verdict: str,
) -> None:
    write(store, errors, test_errors=test_errors)
    row = judged("early stopping")
    assert row["verdict"] == verdict
    if verdict != "not enough runs":
        assert f"{100 * (test_errors[-1] - min(test_errors)):.2f} points" in row["reason"]


def test_a_trial_that_stops_once_it_fits_says_nothing_of_early_stopping(
    store: Store, write: Any, judged: Judge
) -> None:
    write(store, FITS, test_errors=(0.5, 0.3, 0.3), stop="fit")
    assert judged("early stopping")["verdict"] == "not enough runs"


def test_random_labels_say_nothing_of_early_stopping(
    store: Store, write: Any, judged: Judge
) -> None:
    write(store, FITS, test_errors=(0.5, 0.9, 0.9), corruption=1.0)
    reason = judged("early stopping")["reason"]
    assert reason == (
        'needs unregularized trials on true labels that train all their epochs (not stop = "fit")'
    )


def test_most_networks_decide_on_early_stopping(store: Store, write: Any, judged: Judge) -> None:
    for model in ("alexnet", "mlp_1x512"):
        write(store, FITS, test_errors=(0.5, 0.3, 0.3), model=model)
    write(store, FITS, test_errors=(0.3, 0.4, 0.5), model="mlp_3x512")
    row = judged("early stopping")
    assert (row["verdict"], row["supports"], row["contradicts"]) == ("supported", 2, 1)


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ((0.035, 0.04, 0.038), "supported"),
        ((0.035, 0.036), "supported"),
        ((0.0, 0.0, 0.001), "contradicted"),
        ((-0.03, -0.031, -0.032), "contradicted"),
        ((0.1, 0.101, 0.102), "contradicted"),
        ((0.01, 0.07), "not enough runs"),  # an interval from far below 0 to far above
        ((0.035,), "not enough runs"),  # no interval
        ((), "not enough runs"),
    ],
)
def test_some_points_of_test_error_support_that_batch_norm_helps(
    store: Store, write: Any, judged: Judge, gains: Sequence[float], verdict: str
) -> None:
    write(store, FITS, model="mlp_1x512")  # which has no batch norm
    for seed, gain in enumerate(gains):
        with_it = 0.15 + 0.01 * seed  # seeds differ by more than the gain
        for batch_norm, test in ((True, with_it), (False, with_it + gain)):
            settings = {"model": "inception", "seed": seed, "batch_norm": batch_norm}
            write(store, FITS, test_errors=(0.5, 0.4, test), **settings)
    row = judged("batch norm")
    assert row["verdict"] == verdict
    assert row["n"] == (0 if verdict == "not enough runs" else len(gains))


@pytest.mark.parametrize("other", [{"seed": 7}, {"lr": 0.2}, {"weight_decay": 1e-4}])
def test_trials_that_differ_in_more_than_batch_norm_are_not_compared(
    store: Store, write: Any, judged: Judge, other: dict[str, Any]
) -> None:
    for seed in (0, 1):
        write(store, FITS, model="inception", seed=seed)
        settings = {"model": "inception", "batch_norm": False, "seed": seed, **other}
        write(store, FITS, test_errors=(0.5, 0.5, 0.6), **settings)
    row = judged("batch norm")
    assert (row["supports"], row["contradicts"], row["open"]) == (0, 0, 0)


def test_networks_that_have_not_fitted_say_nothing_of_batch_norm(
    store: Store, write: Any, judged: Judge
) -> None:
    for seed in (0, 1):
        for batch_norm, test in ((True, 0.15), (False, 0.18 + 0.001 * seed)):
            settings = {"model": "inception", "seed": seed, "batch_norm": batch_norm}
            write(store, SHORT, test_errors=(0.5, 0.4, test), **settings)
    assert judged("batch norm")["verdict"] == "not enough runs"
