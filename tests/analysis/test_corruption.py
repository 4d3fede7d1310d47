"""Errors against corruption: the view against a plain computation, and the curves of figure 1c."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from gensweep.analysis.database.connection import Database
from gensweep.analysis.drawing.terminal import terminal
from gensweep.analysis.questions.clean_vs_corrupted import clean_vs_corrupted_table
from gensweep.analysis.questions.corruption import corruption_table
from gensweep.analysis.report import SUMMARIES
from gensweep.analysis.tables.table import Table, formatted
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
FRACTIONS = st.integers(0, 64).map(lambda n: n / 64)
# (corruption, learning rate, epochs, seed) -> (training error, test error)
OUTCOMES = st.dictionaries(
    st.tuples(
        st.sampled_from([0.0, 0.5, 1.0]),
        st.sampled_from([0.125, 0.25]),
        st.sampled_from([2, 3]),
        st.integers(0, 3),
    ),
    st.tuples(FRACTIONS, FRACTIONS),
    min_size=1,
    max_size=12,
)


def summary(values: list[float]) -> tuple[float, float | None]:
    """Mean and half the width of its 95 % interval."""
    if len(values) < 2:
        return mean(values), None
    quantile = stats.t.ppf(0.975, len(values) - 1)
    return mean(values), quantile * stdev(values) / math.sqrt(len(values))


@given(outcomes=OUTCOMES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_the_view_is_the_mean_over_seeds_with_its_interval(
    write: Write, outcomes: dict[tuple[float, float, int, int], tuple[float, float]]
) -> None:
    groups = defaultdict(list)
    with TemporaryDirectory() as folder:
        store = Store.create(Path(folder))
        for (p, lr, epochs, seed), (train, test) in outcomes.items():
            curve = {"errors": (0.5, train), "test_errors": (0.75, test)}
            write(store, **curve, corruption=p, lr=lr, epochs=epochs, seed=seed)
            groups[p, lr, epochs].append((train, test))
        with Database(store.root) as db:
            found = {
                (r["corruption"], r["lr"], r["max_epochs"]): r
                for r in db.table("from corruption").records()
            }
    assert found.keys() == groups.keys()
    for key, pairs in groups.items():
        row = found[key]
        assert row["seeds"] == len(pairs)
        assert row["fitted"] == sum(train == 0 for train, _ in pairs)
        for name, values in (
            ("train_error", [train for train, _ in pairs]),
            ("test_error", [test for _, test in pairs]),
            ("gap", [test - train for train, test in pairs]),
        ):
            expected = summary(values)
            assert (row[name], row[f"{name}_interval"]) == pytest.approx(expected, abs=1e-6)


def test_only_trials_that_are_done_and_labels_alone_count(store: Store, write: Write) -> None:
    write(store, (0.25,), seed=0)
    for seed, status in enumerate(("running", "failed", "diverged", "interrupted"), start=1):
        write(store, (0.75,), status, seed=seed)
    for rule in ("shuffled_pixels", "random_pixels", "gaussian"):
        write(store, (0.75,), randomization=rule)
    with Database(store.root) as db:
        (row,) = db.table("from corruption").records()
    assert (row["seeds"], row["train_error"]) == (1, 0.25)


def made(store: Store) -> Table:
    with Database(store.root) as db:
        return corruption_table(db)


def fill(store: Store, write: Write, ps: list[float], **settings: Any) -> None:
    for p in ps:
        write(store, (0.0,), test_errors=(0.1 + 0.8 * p,), corruption=p, **settings)


def test_figures_are_written_in_percent(store: Store, write: Write) -> None:
    write(store, (0.125,), test_errors=(0.5,), corruption=0.5)
    (row,) = formatted(made(store)).records()
    assert (row["model"], row["regularizer"], row["p"]) == ("mlp_1x512", "none", "0.5")
    assert (row["fitted"], row["train %"], row["test %"]) == ("0/1", "12.50", "50.00")
    assert (row["gap"], row["at fit %"]) == ("37.50", "–")


def test_the_test_error_at_training_error_0_is_that_of_the_first_such_epoch(
    store: Store, write: Write
) -> None:
    write(store, (0.5, 0.0, 0.0), test_errors=(0.75, 0.5, 0.25), seed=0)
    write(store, (0.0, 0.0, 0.5), test_errors=(0.25, 0.5, 0.125), seed=1)
    write(store, (0.5, 0.5, 0.5), test_errors=(0.0, 0.0, 0.0), seed=2)  # never fitted
    with Database(store.root) as db:
        (row,) = db.table("from corruption").records()
    assert (row["seeds"], row["fitted"]) == (3, 2)
    found = (row["fitted_test_error"], row["fitted_test_error_interval"])
    assert found == pytest.approx(summary([0.5, 0.25]), abs=1e-6)
    assert row["test_error"] == pytest.approx(0.125)


def test_changed_and_unchanged_examples_are_looked_at_in_the_last_epoch(
    store: Store, write: Write
) -> None:
    for seed, last in enumerate((0.25, 0.75)):
        fractions = {"memorized": (0.0, last), "recovered": (1.0, last / 4)}
        write(store, (0.5, 1 - last), corruption=0.5, seed=seed, **fractions)
    write(store, (0.5, 0.25))
    with Database(store.root) as db:
        plain, row = db.table("from corruption order by corruption").records()
        (bare,) = clean_vs_corrupted_table(db).records()
        (shown,) = formatted(clean_vs_corrupted_table(db)).records()
        assert len(db.table(clean_vs_corrupted_table(db).sql).rows) == 1
    assert (plain["memorized_fraction"], plain["clean_train_error"]) == (None, 0.25)
    for found in (row, bare):
        assert (found["memorized_fraction"], found["recovered_fraction"]) == (0.5, 0.125)
        assert (found["corrupted_train_error"], found["clean_train_error"]) == (0.5, 0.5)
    assert (shown["memorized"], shown["recovered"]) == ("50.00 %", "12.50 %")
    assert (shown["clean error"], shown["p"], shown["n"]) == ("50.00 %", "0.5", "2")


def test_there_are_subsets_only_where_labels_were_changed(store: Store, write: Write) -> None:
    write(store, (0.5,))
    with Database(store.root) as db:
        assert not SUMMARIES["clean_vs_corrupted"].applies(db)
        write(store, (0.5,), corruption=1.0, memorized=(0.5,), recovered=(0.0,))
        db.refresh()
        assert SUMMARIES["clean_vs_corrupted"].applies(db)


@pytest.mark.parametrize(("ps", "drawn"), [([0, 1], False), ([0, 0.5, 1], True)])
def test_a_curve_has_at_least_three_points(
    store: Store, write: Write, ps: list[float], drawn: bool
) -> None:
    fill(store, write, ps)
    table = made(store)
    assert (table.plot is not None) == drawn
    assert any("figure 1c" in note for note in table.notes) == drawn


def test_every_curve_with_three_points_is_drawn_under_its_own_name(
    store: Store, write: Write
) -> None:
    fill(store, write, [0, 0.5, 1])
    fill(store, write, [0, 0.5, 1], weight_decay=0.5)
    fill(store, write, [0, 0.5, 1], model="inception", lr=0.25)
    fill(store, write, [0, 0.5, 1], model="inception", lr=0.5)
    fill(store, write, [0, 1], model="alexnet")
    plot = made(store).plot
    assert plot
    legend = [
        line.split(" ", 1)[1] for line in terminal(plot, 80).split("Legend:")[1].splitlines()[2:]
    ]
    assert legend == ["inception lr 0.25", "inception lr 0.5", "mlp_1x512", "mlp_1x512 wd"]


def test_the_curves_of_two_datasets_are_never_one(store: Store, write: Write) -> None:
    fill(store, write, [0, 0.5, 1])
    fill(store, write, [0, 0.5], dataset="digits")
    plot = made(store).plot
    assert plot
    assert terminal(plot, 80).split("Legend:")[1].split("\n")[2:] == ["⠤o⠤ cifar10 mlp_1x512"]


def test_seeds_that_diverged_are_counted_and_have_no_errors(store: Store, write: Write) -> None:
    write(store, (0.5, 0.0), test_errors=(0.5, 0.25), seed=0)
    for seed in (1, 2):
        write(store, (0.0,), "diverged", test_errors=(0.75,), seed=seed)
    write(store, (0.75,), "diverged", corruption=1.0)  # of these there is nothing to say
    with Database(store.root) as db:
        table = corruption_table(db)
    (row,) = table.records()
    assert (row["seeds"], row["diverged"], row["fitted"]) == (1, 2, 1)
    assert (row["train_error"], row["test_error"], row["fitted_test_error"]) == (0.0, 0.25, 0.25)
    assert formatted(table).records()[0]["fitted"] == "1/3"
    assert "errors: means over those seeds that did not diverge" in table.notes
