"""The view `convergence` against a plain search through the epochs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gensweep.analysis.database.connection import Database
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
THRESHOLDS = [
    *(("train_error", t) for t in (0.0, 0.001, 0.01)),
    *(("train_loss", t) for t in (0.1, 0.01)),
]
ERRORS = st.sampled_from([0.5, 0.011, 0.01, 0.0099, 0.0011, 0.001, 0.0005, 0.0])
LOSSES = st.sampled_from([2.0, 0.11, 0.1, 0.0625, 0.01, 0.0])
CURVE = st.lists(st.tuples(ERRORS, LOSSES, st.integers(1, 8)), min_size=1, max_size=5)


class Case(NamedTuple):
    """What tells a trial from the others, and its curve of (error, loss, quarters of a second)."""

    corruption: float
    seed: int
    lr: float
    weight_decay: float
    curve: list[tuple[float, float, int]]


CASES = st.lists(
    st.builds(
        Case,
        st.sampled_from([0.0, 0.5, 1.0]),
        st.sampled_from([0, 1]),
        st.sampled_from([0.125, 0.25]),
        st.sampled_from([0.0, 0.5]),
        CURVE,
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda case: case[:4],
)


def times(case: Case, metric: str, threshold: float) -> tuple[bool, dict[str, float]]:
    """Whether the trial is censored, and in each unit when it got there, or how far it got."""
    figures = [point[metric == "train_loss"] for point in case.curve]
    seconds = list(accumulate(point[2] / 4 for point in case.curve))
    reached = [i for i, figure in enumerate(figures) if figure <= threshold]
    i = reached[0] if reached else len(figures) - 1
    return not reached, {"epochs": i + 1, "steps": 4 * (i + 1), "seconds": seconds[i]}


def reference(cases: dict[str, Case]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    expected = {}
    for (trial_id, case), (metric, threshold) in product(cases.items(), THRESHOLDS):
        censored, value = times(case, metric, threshold)
        truth = [c for c in cases.values() if c.corruption == 0.0 and c[1:4] == case[1:4]]
        for unit in ("epochs", "steps", "seconds"):
            ratio = None
            if truth:
                truth_censored, truth_value = times(truth[0], metric, threshold)
                ratio = None if truth_censored else value[unit] / truth_value[unit]
            expected[trial_id, metric, threshold, unit] = (value[unit], censored, ratio)
    return expected


@given(cases=CASES, tidy=st.booleans())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_the_view_finds_what_a_plain_search_finds(
    write: Write, cases: list[Case], tidy: bool
) -> None:
    with TemporaryDirectory() as folder:
        store = Store.create(Path(folder))
        by_id = {}
        for case in cases:
            errors, losses, quarters = zip(*case.curve, strict=True)
            trial = write(
                store,
                errors,
                losses=losses,
                seconds=[q / 4 for q in quarters],
                epochs=len(errors),
                **{name: getattr(case, name) for name in Case._fields[:4]},
            )
            by_id[trial.trial_id] = case
        if tidy:
            compact(store)
        with Database(store.root) as db:
            rows = db.table(
                "select trial_id, metric, threshold, unit, value, censored, ratio from convergence"
            ).rows
    found = {tuple(row[:4]): tuple(row[4:]) for row in rows}
    assert len(found) == len(rows)
    assert found == {key: pytest.approx(value) for key, value in reference(by_id).items()}


def ratios(store: Store, **where: Any) -> list[float | None]:
    condition = " and ".join(f"{name} = {value!r}" for name, value in where.items())
    query = f"""
        select ratio from convergence where metric = 'train_error' and threshold = 0
        and unit = 'epochs' and {condition}
    """
    with Database(store.root) as db:
        return [row[0] for row in db.table(query).rows]


OTHERS: list[dict[str, Any]] = [
    *({"seed": 2}, {"lr": 0.5}, {"lr_decay": 0.5}, {"momentum": 0.5}, {"batch_size": 16}),
    *({"weight_decay": 0.5}, {"dropout": 0.5}, {"rotation": 5.0}, {"crop": True}, {"flip": True}),
    *({"precision": "bf16"}, {"dataset": "digits"}, {"model": "mlp_3x512"}),
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_a_ratio_is_to_true_labels_with_the_same_settings_and_seed(
    store: Store, write: Write, other: dict[str, Any]
) -> None:
    write(store, (0.0,), **{"seed": 1, **other})
    write(store, (0.5, 0.5, 0.5, 0.0), seed=1, corruption=1.0)
    assert ratios(store, corruption=1.0) == [None]
    write(store, (0.5, 0.0), seed=1)
    assert ratios(store, corruption=1.0) == [2.0]


def test_a_network_with_batch_normalization_is_not_compared_to_one_without(
    store: Store, write: Write
) -> None:
    write(store, (0.0,), model="inception", batch_norm=False)
    write(store, (0.5, 0.0), model="inception", corruption=1.0)
    assert ratios(store, corruption=1.0) == [None]


def test_there_is_no_ratio_where_true_labels_did_not_get_there(store: Store, write: Write) -> None:
    write(store, (0.5, 0.5))
    write(store, (0.5, 0.0), corruption=1.0)
    assert ratios(store, corruption=1.0) == [None]


def test_the_budget_of_epochs_does_not_matter_for_a_ratio(store: Store, write: Write) -> None:
    write(store, (0.5, 0.0), epochs=2)
    write(store, (0.5, 0.5, 0.5, 0.0), epochs=4, corruption=1.0)
    assert ratios(store, corruption=1.0) == [2.0]


def test_the_pixels_randomizations_are_compared_to_true_labels_too(
    store: Store, write: Write
) -> None:
    write(store, (0.5, 0.0))
    write(store, (0.5, 0.5, 0.0), randomization="gaussian")
    assert ratios(store, randomization="gaussian") == [1.5]
    assert ratios(store, randomization="true_labels") == [1.0]


def test_a_trial_of_which_no_epoch_ended_has_no_row(store: Store, write: Write) -> None:
    write(store, (), "diverged")
    with Database(store.root) as db:
        assert db.table("from convergence").rows == []
