"""E: the empirical Rademacher complexity is close to 1, by random signs that are fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.records import Ended, Measurement, Started

Judge = Callable[[str], dict[str, Any]]
Fit = Callable[..., None]


@pytest.fixture
def fit(store: Store) -> Fit:
    """Write a draw per correlation, each with its epochs; None is a draw that diverged."""

    def put(correlations: Sequence[float | None], epochs: int = 100, **settings: Any) -> None:
        for seed, correlation in enumerate(correlations):
            trial = CapacityTrial(**{"seed": seed, "n": 50_000, **settings})
            writer = TrialWriter(store, trial, Provenance("a-host", "", "{}"))
            writer.add(Started("cpu", 7))
            if correlation is not None:
                writer.add(Measurement("epochs", epochs))
                writer.add(Measurement("correlation", correlation))
            writer.add(Ended("done" if correlation is not None else "diverged"))

    return put


def cases(store: Store) -> list[tuple[Any, ...]]:
    with Database(store.root) as db:
        query = "select model, data, n, outcome, why from claim_e_capacity order by model, data"
        return [tuple(row) for row in db.table(query).rows]


@pytest.mark.parametrize(
    ("correlations", "epochs", "verdict"),
    [
        ((1.0,), 3, "supported"),
        ((1.0, 1.0, 1.0), 3, "supported"),
        ((0.97, 0.98, 0.97), 10, "supported"),
        ((0.96, 0.97, 0.96), 10, "not enough runs"),  # its interval ends at 0.949
        ((0.95,), 10, "supported"),
        ((0.9,), 100, "contradicted"),
        ((0.6, 0.5, 0.55), 100, "contradicted"),
        ((0.9,), 99, "not enough runs"),
        ((0.9, 0.99), 100, "not enough runs"),  # the interval contains 0.95
        ((1.0, None), 3, "not enough runs"),
    ],
)
def test_a_correlation_of_at_least_0_95_supports_it(
    fit: Fit, judged: Judge, correlations: Any, epochs: int, verdict: str
) -> None:
    fit(correlations, epochs)
    row = judged("capacity")
    assert row["verdict"] == verdict
    assert row["supports"] + row["contradicts"] + row["open"] == 1
    if verdict != "not enough runs":
        assert row["n"] == len(correlations)


def test_a_verdict_says_of_how_many_images_and_epochs(fit: Fit, judged: Judge) -> None:
    fit((0.99, 0.99), 7)
    said = "mlp_1x512, random signs of 50000 images: at least 0.990 in 7 epochs"
    assert said in judged("capacity")["reason"]


def test_the_largest_sample_of_a_network_counts(store: Store, fit: Fit) -> None:
    fit((1.0,), 3, n=1000)
    fit((0.5,), 100, n=10_000)
    fit((1.0,), 3, n=2000, model="alexnet")
    assert cases(store) == [
        ("alexnet", "random signs of 2000 images", 1, "supports", "at least 1.000 in 3 epochs"),
        (
            "mlp_1x512",
            "random signs of 10000 images",
            1,
            "contradicts",
            "at least 0.500 in 100 epochs",
        ),
    ]


def test_the_setting_that_fits_best_counts(store: Store, fit: Fit) -> None:
    fit((0.3,), 100, lr=1e-6)
    fit((1.0,), 5)
    fit((None, None), 5, lr=10.0)
    (case,) = cases(store)
    assert case[3:] == ("supports", "at least 1.000 in 5 epochs")


def test_networks_with_and_without_batch_norm_are_cases_of_their_own(
    fit: Fit, judged: Judge
) -> None:
    fit((1.0,), 5, model="inception")
    fit((0.5,), 100, model="inception", batch_norm=False)
    row = judged("capacity")
    assert (row["verdict"], row["supports"], row["contradicts"]) == ("contradicted", 1, 1)
    assert "inception (no BN), random signs" in row["reason"]


@pytest.mark.parametrize("settings", [{"labels": "true"}, {"measure": "stability", "n": 1000}])
def test_only_random_signs_count(store: Store, fit: Fit, settings: dict[str, Any]) -> None:
    fit((1.0,), 5, **settings)
    assert cases(store) == []


def test_both_ways_to_measure_it_are_evidence(
    store: Store, write: Any, fit: Fit, judged: Judge
) -> None:
    write(store, (0.75, 0.0), corruption=1.0)
    fit((1.0,), 5, model="alexnet")
    assert judged("capacity")["supports"] == 2
    fit((0.5,), 100, model="mlp_3x512")
    assert judged("capacity")["verdict"] == "contradicted"
