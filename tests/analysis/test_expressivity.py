"""Theorem 1 from its trials: view, verdict on claim C, summary and figure, on made-up trials."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures.registry import make_figure
from gensweep.analysis.questions.expressivity import expressivity_table
from gensweep.analysis.report import SUMMARIES, report_tables
from gensweep.analysis.tables.figure import Figure
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.records import Ended, Measurement, Started

Put = Callable[..., ExpressivityTrial]


@pytest.fixture
def put(store: Store) -> Put:
    """Write a trial with these measurements: a construction, or SGD with a list of errors."""

    def write(
        error: float | list[float] = 0.0,
        *,
        residual: float = 1e-6,
        equal: int = 0,
        condition: float = 1e6,
        status: str = "done",
        **settings: Any,
    ) -> ExpressivityTrial:
        trial = ExpressivityTrial(**settings)
        writer = TrialWriter(store, trial, Provenance("a-host", "0123456789ab", "{}"))
        writer.begin()
        writer.add(Started("cpu", parameters=trial.n * (1 + trial.outputs) + 50))
        writer.add(Measurement("dimensions", 50))
        if isinstance(error, list):
            for epoch, value in enumerate(error, start=1):
                writer.add(Measurement("train_error", value, epoch))
                writer.add(Measurement("fits", float(value == 0), epoch))
        else:
            found = {
                "train_error": error,
                "fits": float(error == 0),
                "max_residual": residual,
                "equal_projections": equal,
                "condition": condition,
                "smallest_gap": 0.5,
                "width": trial.n,
                "seconds": 2.0,
            }
            for name, value in found.items():
                writer.add(Measurement(name, value))
        if status == "failed":
            writer.end(status, "a reason")
        else:
            writer.add(Ended(status))
        return trial

    return write


def records(store: Store, query: str) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return db.table(query).records()


def verdict(store: Store, dataset: str = "cifar10") -> tuple[str, int, str]:
    query = f"from claims where part = 'expressivity' and dataset = '{dataset}'"
    (row,) = records(store, query)
    return row["verdict"], row["n"], row["reason"]


def test_a_construction_is_a_row_with_its_settings_and_figures(store: Store, put: Put) -> None:
    trial = put(0.25, n=20, precision="fp32", depth=2, seed=3, equal=4)
    (row,) = records(store, "from expressivity")
    assert row["trial_id"] == trial.trial_id
    assert (row["n"], row["d"], row["precision"], row["depth"]) == (20, 50, "fp32", 2)
    assert (row["train_error"], row["fits"], row["max_residual"]) == (0.25, False, 1e-6)
    assert (row["equal_projections"], row["parameters"], row["seed"]) == (4, 2 * 20 + 50, 3)


def test_of_sgd_the_last_epoch_counts_and_the_first_that_fits_is_known(
    store: Store, put: Put
) -> None:
    put([0.5, 0.0, 0.0, 0.125], method="sgd", epochs=4)
    (row,) = records(store, "from expressivity")
    assert (row["train_error"], row["fits"], row["fit_epoch"]) == (0.125, False, 2)
    assert (row["epochs"], row["max_residual"]) == (4, None)


def test_what_has_not_run_yet_has_its_settings_alone(
    store: Store, announce: Callable[..., None]
) -> None:
    planned = [ExpressivityTrial(dataset="gaussian", d=7), ExpressivityTrial(n=5)]
    announce(store, "made", planned)
    found = records(store, "select dataset, n, d, status, fits from expressivity order by n")
    assert [tuple(r.values()) for r in found] == [
        ("cifar10", 5, None, "planned", None),
        ("gaussian", 1000, 7, "planned", None),
    ]
    with Database(store.root) as db:
        assert not SUMMARIES["expressivity"].applies(db)
        assert "expressivity" not in [t.name for t in report_tables(db)]


def test_a_construction_in_float64_that_fits_random_labels_supports_the_claim(
    store: Store, put: Put
) -> None:
    put(n=100)
    put(n=100, seed=1)
    put(n=900)
    assert verdict(store)[:2] == ("supported", 1)
    put(n=900, seed=1)
    judged, seeds, reason = verdict(store)
    assert (judged, seeds) == ("supported", 2)
    assert "construction, one output, random labels: training error 0 up to n = 900" in reason


def test_one_sample_that_does_not_fit_contradicts_it(store: Store, put: Put) -> None:
    put(n=100)
    put(n=900)
    put(0.125, n=500, seed=2)
    judged, seeds, reason = verdict(store)
    assert (judged, seeds) == ("contradicted", 1)
    assert "training error 0.125 at n = 500, d = 50" in reason


def test_any_construction_that_fits_a_sample_will_do(store: Store, put: Put) -> None:
    put(0.125, n=500, knot=0.5)
    assert verdict(store)[0] == "contradicted"
    put(n=500)
    assert verdict(store)[0] == "supported"


@pytest.mark.parametrize("end", [{"equal": 1}, {"condition": 2.0**52}, {"condition": inf}])
def test_where_float64_is_at_its_end_nothing_is_contradicted(
    store: Store, put: Put, end: dict[str, Any]
) -> None:
    put(0.125, n=500, **end)
    judged, _, reason = verdict(store)
    assert judged == "not enough runs"
    assert "0 for, 0 against, 1 open" in reason
    put(n=100)
    assert verdict(store)[0] == "supported"


@pytest.mark.parametrize(
    "settings",
    [
        {"precision": "fp32"},
        {"randomization": "true_labels"},
        {"method": "sgd", "epochs": 1},
        {"status": "failed"},
    ],
)
@pytest.mark.parametrize("error", [0.0, 0.5])
def test_only_constructions_in_float64_on_random_labels_are_evidence(
    store: Store, put: Put, settings: dict[str, Any], error: float
) -> None:
    put([error] if "method" in settings else error, n=100, **settings)
    assert records(store, "from evidence") == []


def test_each_depth_output_and_kind_of_points_is_a_case(store: Store, put: Put) -> None:
    for settings in ({}, {"depth": 4}, {"output": "one_hot"}):
        put(n=100, **settings)
        put(n=100, dataset="gaussian", d=50, **settings)
    found = records(store, "from evidence order by dataset, model")
    assert [(r["dataset"], r["model"]) for r in found] == [
        (dataset, model)
        for dataset in ("cifar10", "gaussian")
        for model in (
            "construction, one output",
            "construction, outputs per class",
            "deep construction of 4 layers, one output",
        )
    ]


def test_the_summary_has_both_precisions_and_sgd_beside_each_other(store: Store, put: Put) -> None:
    for seed, residual in enumerate((1e-6, 4e-6)):
        put(n=100, seed=seed, residual=residual)
    put(n=100, precision="fp32", residual=0.25)
    put(0.5, n=100, precision="fp32", seed=1, residual=8.0, equal=3)
    put([0.75, 0.5], n=100, method="sgd", epochs=2, lr=0.5)
    put([0.75, 0.25], n=100, method="sgd", epochs=2, lr=0.25)
    put([0.0], n=100, method="sgd", epochs=2, lr=0.125, status="diverged")
    with Database(store.root) as db:
        table = expressivity_table(db)
    (row,) = table.records()
    assert (row["fp64_fits"], row["fp64_seeds"], row["fp64_max_residual"]) == (2, 2, 4e-6)
    assert (row["fp32_fits"], row["fp32_seeds"], row["fp32_max_residual"]) == (1, 2, 8.0)
    assert (row["fp32_train_error"], row["fp32_equal_projections"]) == (0.25, 3)
    assert (row["sgd_train_error"], row["sgd_lr"], row["sgd_seeds"]) == (0.25, 0.25, 1)
    (shown,) = formatted(table).records()
    assert (shown["float64"], shown["float32"]) == ("2/2 4e-06", "1/2 25.0 %")
    assert (shown["SGD %"], shown["weights"]) == ("25.0", "250")
    assert not {"depth", "knot"} & set(shown)


def test_a_sample_that_was_only_constructed_or_only_trained_has_its_row(
    store: Store, put: Put
) -> None:
    put(n=100, depth=3, knot=0.5)
    put([0.5], n=200, method="sgd", epochs=1)
    with Database(store.root) as db:
        shown = formatted(expressivity_table(db)).records()
    found = [(r["n"], r["depth"], r["knot"], r["float64"], r["SGD %"]) for r in shown]
    assert sorted(found) == [
        ("100", "3", "0.5", "1/1 1e-06", "–"),
        ("200", "", "", "–", "50.0"),
    ]


def figure(store: Store) -> Figure:
    with Database(store.root) as db:
        return make_figure(db, "residuals")


def test_the_figure_has_a_curve_per_precision_with_medians_over_seeds(
    store: Store, put: Put
) -> None:
    for n in (10, 100):
        for seed, residual in enumerate((1.0, 2.0, 6.0)):
            put(n=n, seed=seed, residual=residual * n)
        put(n=n, precision="fp32", residual=n)
    put(n=50, depth=2)
    found = figure(store)
    (panel,) = found.panels
    assert panel.x.log
    assert panel.y.log
    double, single, limit = panel.curves
    assert (double.name, list(double.x), list(double.y)) == ("float64", [10, 100], [20, 200])
    assert (list(double.low or ()), list(double.high or ())) == ([10, 100], [60, 600])
    assert (single.name, single.low, list(single.y)) == ("float32", None, [10, 100])
    assert (limit.dotted, set(limit.y)) == (True, {0.5})
    assert any("not drawn: float64, 2 layers" in note for note in found.notes)


def test_what_has_no_logarithm_is_a_gap(store: Store, put: Put) -> None:
    for n, residual in ((10, 0.0), (100, 2.0), (1000, inf)):
        put(n=n, residual=residual)
    assert list(figure(store).panels[0].curves[0].y) == [None, 2.0, None]


def test_one_size_alone_makes_no_figure(store: Store, put: Put) -> None:
    put(n=10)
    assert figure(store).empty


def test_what_was_constructed_differently_has_a_curve_and_a_name_of_its_own(
    store: Store, put: Put
) -> None:
    different = ({}, {"output": "one_hot"}, {"depth": 3}, {"knot": 0.5}, {"classes": 7})
    for settings in different:
        for precision in ("fp32", "fp64"):
            for n in (10, 100):
                put(n=n, precision=precision, **settings)
    names = [c.name for c in figure(store).panels[0].curves]
    assert len(set(names)) == len(names) == 2 * len(different) + 1  # and the limit
