"""Learning curves over seeds and early stopping, against plain means over lists."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from statistics import mean, median, stdev
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.early_stopping import early_stopping_table
from gensweep.analysis.report import SUMMARIES
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.schemas import EPOCH, LIVE
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
FRACTIONS = st.integers(0, 64).map(lambda n: n / 64)
POINT = st.tuples(FRACTIONS, FRACTIONS, FRACTIONS)  # training error, test error, training loss
# (corruption, learning rate, seed) -> learning curve
CURVES = st.dictionaries(
    st.tuples(st.sampled_from([0.0, 0.5]), st.sampled_from([0.125, 0.25]), st.integers(0, 3)),
    st.lists(POINT, min_size=1, max_size=4),
    min_size=1,
    max_size=8,
)


def over_seeds(values: list[float]) -> tuple[float, float | None]:
    """Mean and half the width of its 95 % interval."""
    if len(values) < 2:
        return mean(values), None
    quantile = stats.t.ppf(0.975, len(values) - 1)
    return mean(values), quantile * stdev(values) / math.sqrt(len(values))


def without_the_best_so_far(file: Path) -> None:
    """A trial's file as it was written before its epochs had their best test error."""
    (row,) = pq.read_table(file).to_pylist()
    epoch = pa.struct([field for field in EPOCH if field.name != "best_test_error"])
    column = LIVE.get_field_index("epoch_rows")
    schema = LIVE.set(column, pa.field("epoch_rows", pa.list_(epoch)))
    pq.write_table(pa.Table.from_pylist([row], schema=schema), file)


@given(curves=CURVES, older=st.sampled_from(["none", "some", "all"]), tidy=st.booleans())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_a_point_of_the_curve_is_the_mean_over_the_seeds_that_got_there(
    write: Write,
    curves: dict[tuple[float, float, int], list[tuple[float, float, float]]],
    older: str,
    tidy: bool,
) -> None:
    """Whether or not the rows are of a time when the best test error so far was not stored."""
    groups: dict[Any, dict[int, list[tuple[float, ...]]]] = defaultdict(lambda: defaultdict(list))
    with TemporaryDirectory() as folder:
        store = Store.create(Path(folder))
        for (p, lr, seed), curve in curves.items():
            train, test, loss = zip(*curve, strict=True)
            made = {"test_errors": test, "losses": loss}
            trial = write(store, train, **made, corruption=p, lr=lr, seed=seed, epochs=4)
            if older == "all" or (older == "some" and seed % 2):
                without_the_best_so_far(Path(store.live_file(trial.trial_id)))
            for epoch, point in enumerate(
                zip(train, test, loss, accumulate(test, min), strict=True), start=1
            ):
                groups[p, lr][epoch].append(point)
        if tidy:
            compact(store)
        with Database(store.root) as db:
            rows = db.table("from learning_curves").records()
    found = {(r["corruption"], r["lr"], r["epoch"]): r for r in rows}
    assert len(found) == len(rows) == sum(map(len, groups.values()))
    for (p, lr), epochs in groups.items():
        for epoch, points in epochs.items():
            row = found[p, lr, epoch]
            assert (row["step"], row["seeds"]) == (4 * epoch, len(points))
            assert row["all_seeds"] == len(epochs[1])
            names = ("train_error", "test_error", "train_loss", "best_test_error")
            for name, values in zip(names, zip(*points, strict=True), strict=True):
                expected = over_seeds(list(values))
                assert (row[name], row[f"{name}_interval"]) == pytest.approx(expected, abs=1e-6)


def test_every_trial_with_epochs_counts_but_for_failed_ones(store: Store, write: Write) -> None:
    for seed, status in enumerate(("done", "running", "diverged", "interrupted", "failed")):
        write(store, (0.5, 0.25), status, seed=seed)
    write(store, (), "diverged", seed=9)
    with Database(store.root) as db:
        rows = db.table("select epoch, seeds, all_seeds from learning_curves order by all").rows
    assert rows == [(1, 4, 4), (2, 4, 4)]


OTHERS: list[dict[str, Any]] = [
    *({"lr": 0.5}, {"lr_decay": 0.5}, {"momentum": 0.5}, {"batch_size": 16}, {"epochs": 5}),
    *({"weight_decay": 0.5}, {"dropout": 0.5}, {"rotation": 5.0}, {"crop": True}, {"flip": True}),
    *({"precision": "bf16"}, {"dataset": "digits"}, {"model": "mlp_3x512"}, {"stop": "fit"}),
    *({"randomization": "gaussian"}, {"corruption": 0.5}),
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_only_seeds_are_averaged(store: Store, write: Write, other: dict[str, Any]) -> None:
    write(store, (0.5,), seed=0)
    write(store, (0.25,), **{"seed": 1, **other})
    with Database(store.root) as db:
        assert db.table("select seeds from learning_curves").rows == [(1,), (1,)]


def test_where_seeds_end_at_different_epochs_the_rows_say_over_how_many_they_are(
    store: Store, write: Write
) -> None:
    write(store, (0.5, 0.0), seed=0, stop="fit")
    write(store, (0.5, 0.25, 0.0), seed=1, stop="fit")
    with Database(store.root) as db:
        curve = "select epoch, seeds, train_error from learning_curves {} order by epoch"
        assert db.table(curve.format("")).rows == [(1, 2, 0.5), (2, 2, 0.125), (3, 1, 0.0)]
        assert len(db.table(curve.format("where seeds = all_seeds")).rows) == 2


def test_early_stopping_is_of_trials_that_are_done(store: Store, write: Write) -> None:
    write(store, (0.5, 0.25, 0.0), test_errors=(0.75, 0.25, 0.5))
    for seed, status in enumerate(("running", "failed", "diverged", "interrupted"), start=1):
        write(store, (0.5,), status, seed=seed)
    with Database(store.root) as db:
        (row,) = db.table("from early_stopping").records()
    assert (row["seed"], row["epochs_run"], row["best_test_epoch"]) == (0, 3, 2)
    assert (row["final_test_error"], row["best_test_error"], row["gain"]) == (0.5, 0.25, 0.25)


def test_the_summary_is_the_mean_gain_and_the_median_epoch(store: Store, write: Write) -> None:
    tests = [(0.75, 0.25, 0.5), (0.5, 0.25, 0.25), (0.75, 0.75, 0.5)]
    for seed, curve in enumerate(tests):
        write(store, (0.5, 0.25, 0.0), test_errors=curve, seed=seed)
    with Database(store.root) as db:
        table = early_stopping_table(db)
        assert len(db.table(table.sql).rows) == 3
    (row,) = table.records()
    assert (row["seeds"], row["epochs_run"], row["best_test_epoch"]) == (3, 3, median([2, 2, 3]))
    for name, values in (
        ("final_test_error", [0.5, 0.25, 0.5]),
        ("best_test_error", [0.25, 0.25, 0.5]),
        ("gain", [0.25, 0.0, 0.0]),
    ):
        expected = over_seeds(values)
        assert (row[name], row[f"{name}_interval"]) == pytest.approx(expected, abs=1e-6)
    (shown,) = formatted(table).records()
    half = over_seeds([25.0, 0.0, 0.0])[1]
    assert (shown["at epoch"], shown["n"], shown["data"]) == ("2 of 3", "3", "true")
    assert shown["gain"] == f"8.33 ±{half:.2f}"


def test_there_is_a_summary_as_soon_as_a_trial_is_done(store: Store, write: Write) -> None:
    write(store, (0.5,), "running")
    with Database(store.root) as db:
        assert not SUMMARIES["early_stopping"].applies(db)
        write(store, (0.5,), seed=1)
        db.refresh()
        assert SUMMARIES["early_stopping"].applies(db)
