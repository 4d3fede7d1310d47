"""Measures, their correlations with the gap, and the order of learning, through the writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import atanh, exp, sqrt, tanh

import numpy as np
import pytest
from scipy import stats

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions import learning_times, measures
from gensweep.analysis.questions.correlations import correlations_table
from gensweep.analysis.report import report_tables
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended, Epoch, Examples, Measures, Started

Finish = Callable[..., ClassifierTrial]


def measured(norm: float = 1.0, margin: float = 1.0, spectral: float = 0.0) -> Measures:
    return Measures(norm, 1.0, norm / 2, spectral, margin - 1, margin, margin + 1)


def followed(changed: Sequence[int], first: Sequence[int], since: Sequence[int]) -> Examples:
    columns = (np.array(first, np.int32), np.array(since, np.int32), np.array(first, np.int32))
    return Examples(np.array(changed, bool), *columns)


@pytest.fixture
def finish(store: Store) -> Finish:
    """Write a trial that has ended after an epoch with these errors."""

    def put(
        train_error: float,
        test_error: float,
        measures: Measures | None = None,
        examples: Examples | None = None,
        **settings: object,
    ) -> ClassifierTrial:
        given = {"model": "mlp_1x512", "dataset": "digits", "epochs": 1, **settings}
        trial = ClassifierTrial(**given)  # type: ignore[arg-type]
        writer = TrialWriter(store, trial, Provenance("a-host", "", "{}"))
        writer.add(Started("cpu", 7))
        writer.add(Epoch(1, 4, 0.1, 0.5, train_error, 1.0, test_error, None, None, None, None, 1.0))
        for record in (measures, examples, Ended("done")):
            if record:
                writer.add(record)
        return trial

    return put


@pytest.fixture(params=["live", "compacted"])
def settle(request: pytest.FixtureRequest, store: Store) -> Callable[[], None]:
    return (lambda: None) if request.param == "live" else (lambda: compact(store) and None)


def test_a_trial_s_measures_stand_beside_its_gap(
    store: Store, finish: Finish, settle: Callable[[], None]
) -> None:
    finish(0.125, 0.5, measured(norm=3.0, margin=2.0, spectral=0.5))
    settle()
    with Database(store.root) as db:
        (row,) = db.table("from measures").records()
    assert row["gap"] == 0.375
    assert (row["weight_norm"], row["distance_from_initialization"]) == (3.0, 1.5)
    assert (row["margin_min"], row["margin_p10"], row["margin_median"]) == (1.0, 2.0, 3.0)
    assert row["normalized_margin"] == pytest.approx(2.0 / exp(0.5))
    assert row["rademacher"] is None


def test_trials_from_before_the_measures_have_none(
    store: Store, finish: Finish, settle: Callable[[], None]
) -> None:
    finish(0.125, 0.5)
    settle()
    with Database(store.root) as db:
        (row,) = db.table("from measures").records()
        assert row["weight_norm"] is None
        assert not db.table("from examples").rows
        names = [table.name for table in report_tables(db)]
    assert not {"measures", "learning_times", "correlations"} & set(names)


@pytest.mark.parametrize(("error", "expected"), [(0.0, 1.0), (0.9, 0.0), (0.45, 0.5)])
def test_random_labels_that_are_fitted_have_a_complexity_of_1_and_chance_has_0(
    error: float, expected: float, store: Store, finish: Finish
) -> None:
    finish(error, 0.9, measured(), randomization="random_labels")
    with Database(store.root) as db:
        (row,) = db.table("from measures").records()
    assert row["rademacher"] == pytest.approx(expected)


@pytest.mark.parametrize(
    "pairs",
    [
        [(0, 1), (1, 0), (2, 4), (3, 3), (4, 2), (5, 6)],
        [(0, 0), (0, 1), (1, 1), (1, 0), (6, 6), (6, 6), (2, 5)],
        [(5, 0), (4, 1), (3, 2), (2, 3), (1, 4)],
    ],
    ids=["distinct", "ties", "reversed"],
)
def test_correlations_are_spearmans_with_an_interval_for_ranks(
    pairs: list[tuple[int, int]], store: Store, finish: Finish
) -> None:
    for seed, (norm, gap) in enumerate(pairs):
        finish(0.0, gap / 8, measured(norm=float(norm)), seed=seed)
    with Database(store.root) as db:
        rows = db.table("from correlations where measure = 'weight norm'").records()
    expected = stats.spearmanr([n for n, _ in pairs], [g for _, g in pairs]).statistic
    assert {row["model"] for row in rows} == {"all", "mlp_1x512"}
    for row in rows:
        assert row["trials"] == len(pairs)
        assert row["spearman"] == pytest.approx(expected, abs=1e-12)
        if abs(expected) < 1 - 1e-9:
            half = stats.norm.ppf(0.975) * sqrt((1 + expected**2 / 2) / (len(pairs) - 3))
            assert row["low"] == pytest.approx(tanh(atanh(expected) - half), abs=1e-6)
            assert row["high"] == pytest.approx(tanh(atanh(expected) + half), abs=1e-6)


def test_four_trials_say_nothing_of_a_correlation(store: Store, finish: Finish) -> None:
    for seed in range(4):
        finish(0.0, seed / 8, measured(norm=float(seed)), seed=seed)
    with Database(store.root) as db:
        assert not correlations_table(db).rows
        assert {r["spearman"] for r in db.table("from correlations").records()} == {None}


def test_every_followed_example_is_a_row(
    store: Store, finish: Finish, settle: Callable[[], None]
) -> None:
    trial = finish(0.5, 0.5, examples=followed([0, 1, 0], [1, 0, 2], [3, 0, 0]))
    settle()
    with Database(store.root) as db:
        rows = db.table("from examples order by example").rows
    assert rows == [
        (trial.trial_id, 0, False, 1, 3, 1),
        (trial.trial_id, 1, True, None, None, 0),
        (trial.trial_id, 2, False, 2, None, 2),
    ]


def test_a_median_counts_examples_that_were_never_learned(store: Store, finish: Finish) -> None:
    finish(0.5, 0.5, examples=followed([1, 1, 1, 0, 0, 0, 0], [2, 0, 0, 4, 5, 6, 0], [0] * 7))
    with Database(store.root) as db:
        clean, corrupted = db.table("from learning_times order by changed").records()
    assert (clean["examples"], clean["learned"], clean["median_epoch"]) == (4, 0.75, 5.0)
    assert (corrupted["examples"], corrupted["median_epoch"]) == (3, None)
    assert corrupted["learned"] == pytest.approx(1 / 3)
    assert clean["median_for_good"] is None


def test_a_median_that_one_seed_did_not_reach_is_not_averaged(store: Store, finish: Finish) -> None:
    finish(0.5, 0.5, examples=followed([0, 0], [2, 2], [2, 2]), seed=0)
    finish(0.5, 0.5, examples=followed([0, 0], [0, 0], [0, 0]), seed=1)
    with Database(store.root) as db:
        table = learning_times.learning_times_table(db)
        (row,) = table.records()
        (shown,) = formatted(table).records()
        assert db.table(table.sql).rows
    assert (row["seeds"], row["learned"], row["median_epoch"]) == (2, 0.5, None)
    assert shown["epoch"] == "not reached"


def test_what_was_trained_differently_is_never_one_mean(store: Store, finish: Finish) -> None:
    for norm, lr in ((1.0, 0.1), (3.0, 0.2)):
        finish(0.0, 0.25, measured(norm=norm), followed([0], [1], [1]), lr=lr)
    with Database(store.root) as db:
        means, times = measures.measures_table(db), learning_times.learning_times_table(db)
    assert [(r["seeds"], r["weight_norm"]) for r in means.records()] == [(1, 1.0), (1, 3.0)]
    assert [r["seeds"] for r in times.records()] == [1, 1]
    for shown in (formatted(means), formatted(times)):
        assert [r["settings"] for r in shown.records()] == ["lr 0.1", "lr 0.2"]


def test_means_are_over_the_seeds_of_a_setting(store: Store, finish: Finish) -> None:
    for seed, norm in enumerate((1.0, 3.0)):
        finish(0.0, 0.25, measured(norm=norm), seed=seed)
    with Database(store.root) as db:
        table = measures.measures_table(db)
        (row,) = table.records()
        (shown,) = formatted(table).records()
    assert (row["seeds"], row["weight_norm"], row["gap"]) == (2, 2.0, 0.25)
    assert (shown["n"], shown["norm"], shown["gap"]) == ("2", "2.0", "25.00 ±0.00")
