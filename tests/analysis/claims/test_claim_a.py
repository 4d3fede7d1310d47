"""A: networks fit random labels and noise, and soon. A': noise sooner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.orchestrator.store.layout import Store

Judge = Callable[[str], dict[str, Any]]
FITS, SHORT, LONG = (0.75, 0.005), (0.75, 0.5), (0.5,) * 100


def curve(epochs: int, reached: bool = True) -> tuple[float, ...]:
    """So many epochs, the last of which fits."""
    return (0.5,) * (epochs - 1) + (0.0 if reached else 0.5,)


@pytest.mark.parametrize(
    ("errors", "verdict", "n"),
    [
        (FITS, "supported", 1),
        ((0.75, 0.0066), "supported", 1),  # the paper's 99.34 %
        ((0.5,) * 99 + (0.011,), "contradicted", 1),
        (LONG, "contradicted", 1),
        (SHORT, "not enough runs", 0),
    ],
)
@pytest.mark.parametrize(
    "randomization", ["random_labels", "shuffled_pixels", "random_pixels", "gaussian"]
)
def test_fitting_supports_it_and_failing_for_long_contradicts_it(
    store: Store,
    write: Any,
    judged: Judge,
    errors: tuple[float, ...],
    verdict: str,
    n: int,
    randomization: str,
) -> None:
    write(store, errors, randomization=randomization)
    if randomization != "random_labels":  # without which there is no support
        write(store, FITS, corruption=1.0, model="alexnet", seed=1)
        write(store, FITS, corruption=1.0, model="alexnet", seed=2)
        verdict, n = ("supported", 2) if verdict == "not enough runs" else (verdict, n)
    row = judged("fit")
    assert (row["verdict"], row["n"]) == (verdict, n)
    assert row["open"] or f"{100 * errors[-1]:.2f} %" in row["reason"]


@pytest.mark.parametrize(
    "settings", [{"corruption": 0.5}, {"randomization": "shuffled_pixels"}], ids=["half", "pixels"]
)
def test_what_is_fitted_without_random_labels_is_not_yet_support(
    store: Store, write: Any, judged: Judge, settings: dict[str, Any]
) -> None:
    write(store, FITS, **settings)
    row = judged("fit")
    assert (row["verdict"], row["supports"], row["n"]) == ("not enough runs", 1, 0)
    assert row["reason"].startswith("needs unregularized trials on random labels; 1 for")
    write(store, FITS, model="alexnet", corruption=1.0)
    assert judged("fit")["verdict"] == "supported"


def test_one_network_that_fails_contradicts_it_whatever_the_others_do(
    store: Store, write: Any, judged: Judge
) -> None:
    for seed in range(3):
        write(store, FITS, corruption=1.0, seed=seed)
    write(store, LONG, corruption=1.0, model="alexnet")
    row = judged("fit")
    assert (row["verdict"], row["supports"], row["contradicts"]) == ("contradicted", 1, 1)
    assert "alexnet" in row["reason"]


def test_a_networks_best_setting_speaks_for_it(store: Store, write: Any, judged: Judge) -> None:
    write(store, LONG, corruption=1.0, lr=1e-6)
    write(store, FITS, corruption=1.0, lr=0.01)
    assert judged("fit")["verdict"] == "supported"


def test_most_seeds_have_to_fit(store: Store, write: Any, judged: Judge) -> None:
    for seed, errors in enumerate((curve(100), LONG, LONG)):
        write(store, errors, corruption=1.0, seed=seed)
    assert judged("fit")["verdict"] == "contradicted"


def test_a_trial_that_diverges_does_not_fit(store: Store, write: Any, judged: Judge) -> None:
    write(store, SHORT, "diverged", corruption=1.0)
    row = judged("fit")
    assert row["verdict"] == "contradicted"
    assert "diverged" in row["reason"]


@pytest.mark.parametrize(
    ("status", "settings"),
    [
        ("done", {"corruption": 1.0, "weight_decay": 5e-4}),
        ("done", {}),
        ("failed", {"corruption": 1.0}),
        ("running", {"corruption": 1.0}),
    ],
)
def test_only_unregularized_trials_on_randomized_data_that_ended_count(
    store: Store, write: Any, judged: Judge, status: str, settings: dict[str, Any]
) -> None:
    write(store, SHORT, seed=1)
    write(store, LONG, status, **settings)
    row = judged("fit")
    assert row["verdict"] == "not enough runs"
    assert row["reason"] == "needs unregularized trials on random labels"


@pytest.mark.parametrize(
    ("true", "random", "verdict"),
    [
        (curve(2), curve(4), "supported"),
        (curve(2), curve(20), "supported"),
        (curve(2), curve(21), "contradicted"),
        (curve(2), curve(4, reached=False), "not enough runs"),
        (curve(2), curve(21, reached=False), "contradicted"),  # it takes longer still
        (curve(2, reached=False), curve(4), "not enough runs"),
    ],
)
def test_a_small_factor_in_time_supports_it_and_a_large_one_contradicts_it(
    store: Store,
    write: Any,
    judged: Judge,
    true: tuple[float, ...],
    random: tuple[float, ...],
    verdict: str,
) -> None:
    write(store, true)
    write(store, random, corruption=1.0)
    assert judged("time")["verdict"] == verdict


def test_without_true_labels_of_the_same_seed_there_is_no_factor(
    store: Store, write: Any, judged: Judge
) -> None:
    write(store, curve(2), seed=0)
    write(store, curve(4), corruption=1.0, seed=1)
    assert judged("time")["verdict"] == "not enough runs"


@pytest.mark.parametrize(
    ("noise", "labels", "verdict"),
    [
        (curve(2), curve(4), "supported"),
        (curve(4), curve(2), "contradicted"),
        (curve(2), curve(2), "not enough runs"),
        (curve(2), curve(4, reached=False), "supported"),  # it takes longer still
        (curve(4, reached=False), curve(2), "contradicted"),
        (curve(4), curve(2, reached=False), "not enough runs"),
        (curve(2, reached=False), curve(4), "not enough runs"),
        (curve(2, reached=False), curve(4, reached=False), "not enough runs"),
    ],
)
def test_noise_that_is_fitted_sooner_supports_it_and_later_contradicts_it(
    store: Store,
    write: Any,
    judged: Judge,
    noise: tuple[float, ...],
    labels: tuple[float, ...],
    verdict: str,
) -> None:
    write(store, noise, randomization="gaussian")
    write(store, labels, corruption=1.0)
    assert judged("noise is faster")["verdict"] == verdict


def test_seeds_that_disagree_leave_it_open(store: Store, write: Any, judged: Judge) -> None:
    for seed, epochs in enumerate((2, 5)):
        write(store, curve(epochs), randomization="gaussian", seed=seed)
        write(store, curve(4), corruption=1.0, seed=seed)
    row = judged("noise is faster")
    assert (row["verdict"], row["n"], row["open"]) == ("not enough runs", 0, 1)


def test_seeds_that_agree_say_how_many_they_are(store: Store, write: Any, judged: Judge) -> None:
    for seed in range(3):
        write(store, curve(2), randomization="gaussian", seed=seed)
        write(store, curve(4), corruption=1.0, seed=seed)
    row = judged("noise is faster")
    assert (row["verdict"], row["n"]) == ("supported", 3)


def test_noise_and_labels_of_other_seeds_are_not_compared(
    store: Store, write: Any, judged: Judge
) -> None:
    write(store, curve(2), randomization="gaussian", seed=0)
    write(store, curve(4), corruption=1.0, seed=1)
    assert judged("noise is faster")["open"] == 0
