"""The first screen answers whatever sweep was run: its axes, its best setting, what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.axes import axes
from gensweep.analysis.questions.effects import effects_table
from gensweep.analysis.questions.headline import headline
from gensweep.analysis.questions.ranking import ranking_table
from gensweep.analysis.report import asked, report_tables
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
RNG = np.random.default_rng(0)
LRS = {0.01: 0.3, 0.03: 0.1, 0.1: 0.2, 0.3: 0.6}
# Test errors by learning rate and seed.
ERRORS = {(lr, s): e + float(RNG.normal(0, 0.005)) for lr, e in LRS.items() for s in range(3)}


def half_width(values: list[float]) -> float:
    n = len(values)
    return float(stats.t.ppf(0.975, n - 1)) * stdev(values) / n**0.5


def said(store: Store) -> list[str]:
    with Database(store.root) as db:
        return headline(db)


def named(store: Store) -> list[str]:
    with Database(store.root) as db:
        return [axis.name for axis in axes(db)]


def put(store: Store, write: Write, error: float, **settings: Any) -> ClassifierTrial:
    given = {"randomization": "true_labels", **settings}
    return write(store, (0.5, 0.0), test_errors=(0.9, error), **given)


@pytest.fixture
def rates(store: Store, write: Write) -> Store:
    """Four learning rates with three seeds each."""
    for (lr, seed), error in ERRORS.items():
        put(store, write, error, lr=lr, seed=seed)
    return store


def test_a_sweep_over_one_axis_is_told_its_best_level_and_the_next(rates: Store) -> None:
    best, following = ([ERRORS[lr, seed] for seed in range(3)] for lr in (0.03, 0.1))
    behind = mean(following) - mean(best)
    error = f"{100 * mean(best):.2f} ±{100 * half_width(best):.2f} % over 3 seeds"
    (sentence,) = said(rates)
    assert sentence.startswith(f"On true labels, lr 0.03 is best: test error {error}, ")
    assert sentence.endswith(f", {100 * behind:.2f} points below lr 0.1.")


def test_the_best_settings_stand_in_order_with_their_distance_by_common_seeds(
    rates: Store,
) -> None:
    with Database(rates.root) as db:
        records = ranking_table(db).records()
    assert [r["settings"] for r in records] == ["lr 0.03", "lr 0.1", "lr 0.01", "lr 0.3"]
    assert [r["verdict"] for r in records] == ["best", "worse", "worse", "worse"]
    for record, lr in zip(records[1:], (0.1, 0.01, 0.3), strict=True):
        differences = [ERRORS[lr, seed] - ERRORS[0.03, seed] for seed in range(3)]
        assert record["difference"] == pytest.approx(mean(differences))
        assert record["difference_interval"] == pytest.approx(half_width(differences), rel=1e-4)


def test_settings_that_cannot_be_told_apart_are_tied(store: Store, write: Write) -> None:
    for lr, errors in ((0.1, (0.10, 0.12, 0.11)), (0.2, (0.11, 0.10, 0.13))):
        for seed, error in enumerate(errors):
            put(store, write, error, lr=lr, seed=seed)
    assert said(store)[-1].endswith("over 3 seeds, tied with lr 0.2.")


def test_one_seed_is_said_to_be_one(store: Store, write: Write) -> None:
    put(store, write, 0.1, lr=0.1)
    put(store, write, 0.2, lr=0.2)
    expected = "On true labels, lr 0.1 is best: test error 10.00 %, 10.00 points below lr 0.2"
    assert said(store) == [f"{expected} (one seed each)."]


def test_an_effect_is_over_trials_alike_in_all_else_and_over_seeds(
    store: Store, write: Write
) -> None:
    """Two axes crossed, and a third setting that has no twin."""
    errors = {}
    for lr in (0.01, 0.1):
        for size in (64, 128):
            for seed in range(3):
                error = errors[lr, size, seed] = float(RNG.uniform(0.1, 0.3))
                put(store, write, error, lr=lr, batch_size=size, seed=seed)
    put(store, write, 0.9, lr=5.0, batch_size=32, dropout=0.5)
    with Database(store.root) as db:
        records = effects_table(db).records()
    assert [(r["axis"], r["level"]) for r in records] == [
        *(("batch_size", "128"), ("batch_size", "64")),  # 128 is the default
        *(("lr", "0.01"), ("lr", "0.1")),
    ]
    for record, key in zip(
        records, ((None, 128), (None, 64), (0.01, None), (0.1, None)), strict=True
    ):
        by_seed = [
            mean(
                e
                for (lr, size, s), e in errors.items()
                if s == seed and key in ((None, size), (lr, None))
            )
            for seed in range(3)
        ]
        assert record["test_error"] == pytest.approx(mean(by_seed))
        assert record["test_error_interval"] == pytest.approx(half_width(by_seed), rel=1e-4)
        assert (record["seeds"], record["contexts"]) == (3, 2)
    changes = [
        mean(errors[0.1, size, seed] - errors[0.01, size, seed] for size in (64, 128))
        for seed in range(3)
    ]
    assert records[3]["difference"] == pytest.approx(mean(changes))
    assert records[3]["difference_interval"] == pytest.approx(half_width(changes), rel=1e-4)


def test_contexts_with_fewer_seeds_do_not_pass_for_noise(store: Store, write: Write) -> None:
    for size, seeds, error in ((64, 3, 0.1), (128, 1, 0.6)):
        for seed in range(seeds):
            for lr in (0.01, 0.1):
                put(store, write, error, lr=lr, batch_size=size, seed=seed)
    with Database(store.root) as db:
        (record,) = (r for r in effects_table(db).records() if r["level"] == "0.1")
    assert (record["seeds"], record["contexts"]) == (3, 1)
    assert record["test_error"] == pytest.approx(0.1)


def test_what_goes_with_a_model_is_no_axis(store: Store, write: Write) -> None:
    put(store, write, 0.1, model="mlp_1x512", lr=0.1)
    put(store, write, 0.2, model="inception", lr=0.2)
    put(store, write, 0.2, model="inception", lr=0.2, randomization="random_labels")
    assert named(store) == ["data"]


def test_a_regularizers_strength_is_a_level(store: Store, write: Write) -> None:
    for strength in (0.0, 1e-3, 1e-2):
        put(store, write, 0.3 - strength, weight_decay=strength)
    with Database(store.root) as db:
        found = [(r["axis"], r["level"]) for r in effects_table(db).records()]
    assert found == [("regularizer", level) for level in ("none", "wd 0.001", "wd 0.01")]
    assert "wd 0.01 is best" in said(store)[0]


def test_random_labels_that_all_networks_fit(store: Store, write: Write) -> None:
    for model, epochs in (("inception", 2), ("mlp_1x512", 6)):
        for p, until in ((0.0, 2), (1.0, epochs)):
            errors = [0.5] * (until - 1) + [0.0]
            write(store, errors, model=model, corruption=p, epochs=9)
    first = "Random labels are fitted by both networks, in 1 to 3 times as many epochs as true"
    assert said(store)[0] == f"{first} labels."


def test_random_labels_that_one_network_does_not_fit(store: Store, write: Write) -> None:
    write(store, [0.5, 0.0], model="inception", corruption=1.0)
    write(store, [0.9], model="mlp_1x512", corruption=1.0)
    write(store, [0.5] * 100, model="alexnet", corruption=1.0, epochs=100)
    assert said(store)[0] == (
        "Random labels are fitted by 1 of 3 networks; 1 was not trained long enough to tell."
    )


def test_what_wrong_labels_cost_is_told_where_p_is_an_axis(store: Store, write: Write) -> None:
    for p, error in ((0.0, 0.1), (0.5, 0.4), (1.0, 0.9)):
        for model in ("inception", "mlp_1x512")[: 1 if p == 0.5 else 2]:
            write(store, (0.5, 0.0), test_errors=(0.9, error), model=model, corruption=p)
    errors = "goes from 10.00 % to 90.00 %"
    expected = f"From p = 0 to p = 1 of redrawn labels, the test error of inception {errors}."
    assert said(store)[1] == expected


def test_a_setting_by_itself_is_told_its_error(store: Store, write: Write) -> None:
    for seed, error in enumerate((0.10, 0.12)):
        put(store, write, error, model="inception", seed=seed)
    width = 100 * half_width([0.10, 0.12])
    assert said(store) == [
        f"inception has a test error of 11.00 ±{width:.2f} % over 2 seeds on true labels."
    ]


def test_what_went_wrong_is_told_with_what_the_trials_have_in_common(
    rates: Store, write: Write
) -> None:
    for seed in range(2):
        write(rates, (0.9,), "diverged", randomization="true_labels", lr=1e9, seed=seed)
    settings = {"randomization": "true_labels", "lr": 0.1, "seed": 7}
    write(rates, (), "failed", error="a\nKeyError: b\n", **settings)
    failed, diverged, best = said(rates)
    assert failed == "1 of 15 trials failed: KeyError: b."
    assert diverged == "2 of 15 trials diverged, all with lr 1e+09."
    assert "lr 0.03 is best" in best


def test_nothing_but_failures_is_told_too(store: Store, write: Write) -> None:
    for seed in range(2):
        write(store, (), "failed", seed=seed, error="ValueError: no")
    assert said(store) == ["Both trials failed: ValueError: no."]


def test_a_sweep_under_way_says_how_far_it_is(store: Store, write: Write) -> None:
    write(store, (0.5,), "running")
    assert said(store) == ["None of 1 trial has ended yet."]
    put(store, write, 0.1, model="inception")
    assert said(store) == [
        "1 of 2 trials has ended; the others may change what follows.",
        "inception has a test error of 10.00 % on true labels.",
    ]


def test_the_report_begins_with_the_headline_and_asks_only_what_was_varied(rates: Store) -> None:
    with Database(rates.root) as db:
        names = [table.name for table in report_tables(db)]
        assert len(asked(db)) == len(names)
    assert names[:3] == ["headline", "ranking", "effects"]
    assert "trouble" not in names


def test_folders_without_trials_have_a_headline(store: Store) -> None:
    assert said(store) == ["There are no trials."]
