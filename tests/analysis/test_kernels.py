"""Kernels from their trials: view, summary, table 3 and figure, on made-up trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.drawing.picture import draw
from gensweep.analysis.figures.kernel_error import kernel_error
from gensweep.analysis.questions.kernels import kernels_table
from gensweep.analysis.questions.reproduction import TABLES
from gensweep.analysis.report import SUMMARIES, report_tables
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.kernel.trial import KernelTrial
from gensweep.trainables.records import Ended, Measurement, Started

Put = Callable[..., KernelTrial]


@pytest.fixture
def put(store: Store) -> Put:
    """Write a kernel that was solved, with this test error."""

    def write(
        test_error: float,
        *,
        train_error: float = 0.0,
        norm: float = 50.0,
        bandwidth: float = 0.02,
        jitter: float = 0.0,
        residual: float = 1e-13,
        status: str = "done",
        **settings: Any,
    ) -> KernelTrial:
        trial = KernelTrial(**settings)
        found = {
            "test_error": test_error,
            "train_error": train_error,
            "solution_norm": norm,
            "signed_norm": 2 * norm,
            "residual": residual,
            "refinements": 3,
            "jitter": jitter,
            "seconds": 2.5,
        }
        if trial.kernel == "gaussian":
            found["bandwidth"] = bandwidth
        writer = TrialWriter(store, trial, Provenance("a-host", "0123456789ab", "{}"))
        writer.begin()
        writer.add(Started("cpu", parameters=10))
        for name, value in found.items() if status == "done" else ():
            writer.add(Measurement(name, value))
        if status == "done":
            writer.add(Ended("done"))
        else:
            writer.end(status, "a reason")
        return trial

    return write


def records(store: Store, query: str) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return db.table(query).records()


def beside(store: Store, item: str, metric: str = "test_error") -> list[dict[str, Any]]:
    kernels = "from reproduction where trainable = 'kernel'"
    rows = records(store, f"{kernels} order by position, bandwidth, l2")
    return [r for r in rows if (r["item"], r["metric"]) == (item, metric)]


def test_a_kernel_is_a_row_with_its_settings_and_figures(store: Store, put: Put) -> None:
    trial = put(0.25, n=200, precision="fp32", l2=0.5, seed=3, jitter=1e-6)
    (row,) = records(store, "from kernels")
    assert row["trial_id"] == trial.trial_id
    assert (row["dataset"], row["model"], row["kernel"]) == ("mnist", "raw_pixels", "gaussian")
    assert (row["n"], row["whole"], row["filters"], row["seed"]) == (200, False, None, 3)
    assert (row["bandwidth"], row["l2"], row["precision"]) == (0.02, 0.5, "fp32")
    assert (row["test_error"], row["train_error"], row["jitter"]) == (0.25, 0.0, 1e-6)
    assert (row["solution_norm"], row["signed_norm"], row["refinements"]) == (50.0, 100.0, 3)


def test_the_whole_training_set_is_counted(store: Store, put: Put) -> None:
    put(0.0122)
    put(0.17, dataset="cifar10", model="random_features", filters=100)
    found = records(store, "select n, whole, filters, bandwidth from kernels order by n")
    assert [tuple(r.values()) for r in found] == [
        (50_000, True, 100, None),
        (60_000, True, None, 0.02),
    ]


def test_what_has_not_run_yet_has_its_settings_alone(
    store: Store, put: Put, announce: Callable[..., None]
) -> None:
    announce(store, "made", [KernelTrial(n=30, bandwidth=0.5)])
    put(0.5, n=20, status="failed")
    found = records(store, "select n, bandwidth, status, test_error from kernels order by n")
    assert [tuple(r.values()) for r in found] == [
        (20, None, "failed", None),
        (30, 0.5, "planned", None),
    ]
    with Database(store.root) as db:
        assert not SUMMARIES["kernels"].applies(db)
        shown = {t.name for t in report_tables(db)}
    assert not {"kernels", "table_3"} & shown


def test_the_summary_has_means_over_seeds_and_the_worst_residual(store: Store, put: Put) -> None:
    put(0.02, n=100, seed=0, residual=1e-13)
    put(0.04, n=100, seed=1, residual=1e-9, jitter=1e-5)
    put(0.9, n=100, randomization="random_labels", norm=70.0)
    with Database(store.root) as db:
        table = kernels_table(db)
        true, random = table.records()
        shown, _ = formatted(table).records()
        assert {t.name for t in report_tables(db)} >= {"kernels", "table_3"}
    assert (true["seeds"], true["test_error"]) == (2, pytest.approx(0.03))
    assert (true["residual"], true["jitter"]) == (1e-9, 1e-5)
    assert (random["randomization"], random["solution_norm"]) == ("random_labels", 70.0)
    assert shown["test %"] == "3.00 ±12.71"
    assert shown["residual"] == "1e-09"
    assert shown["jitter"] == "1e-05"
    assert (shown["features"], shown["in"]) == ("raw pixels, 0.02", "fp64")


MNIST = "MNIST, raw pixels"


@pytest.mark.parametrize(
    ("test_error", "norm", "verdicts"),
    [
        (0.0122, 220.0, ["agrees", "agrees"]),
        (0.021, 199.0, ["agrees", "agrees"]),
        (0.023, 197.0, ["differs", "differs"]),
    ],
)
def test_the_whole_training_set_is_compared_with_table_3(
    store: Store, put: Put, test_error: float, norm: float, verdicts: list[str]
) -> None:
    put(test_error, norm=norm, precision="fp32")
    found = [*beside(store, MNIST), *beside(store, MNIST, "solution_norm")]
    assert [r["verdict"] for r in found] == verdicts
    assert [(r["n"], r["examples"], r["bandwidth"]) for r in found] == [(1, 60_000, 0.02)] * 2
    assert found[0]["ours"] == test_error
    assert found[0]["difference"] == pytest.approx(test_error - 0.012)


def test_fewer_examples_or_filters_are_shown_and_not_compared(store: Store, put: Put) -> None:
    put(0.012, n=10_000)
    (row,) = beside(store, MNIST)
    assert (row["verdict"], row["examples"], row["ours"]) == ("smaller", 10_000, 0.012)
    few = "CIFAR-10, random convolutional features (32 000 filters)"
    put(0.17, dataset="cifar10", model="random_features", filters=500)
    assert [(r["verdict"], r["filters"]) for r in beside(store, few)] == [("smaller", 500)]


def test_of_several_sizes_the_largest_stands_beside_the_paper(store: Store, put: Put) -> None:
    for n in (1000, 10_000, 3000):
        for seed in (0, 1):
            put(0.1, n=n, seed=seed)
    assert [(r["examples"], r["n"]) for r in beside(store, MNIST)] == [(10_000, 2)]


def test_other_bandwidths_and_strengths_of_l2_are_rows_of_their_own(store: Store, put: Put) -> None:
    put(0.0122)
    put(0.02, bandwidth=0.5)
    put(0.2)
    put(0.15, dataset="cifar10", model="random_features", l2=0.01, train_error=0.05)
    put(0.155, dataset="cifar10", model="random_features", l2=0.1, train_error=0.05)
    with_l2 = "CIFAR-10, random convolutional features (32 000 filters), l2"
    assert [(r["l2"], r["verdict"]) for r in beside(store, with_l2)] == [
        (0.01, "agrees"),
        (0.1, "agrees"),
    ]
    assert [r["n"] for r in beside(store, with_l2.removesuffix(", l2"))] == [0]


def test_a_kernel_that_did_not_interpolate_is_not_compared(store: Store, put: Put) -> None:
    put(0.012, train_error=0.02)
    assert [r["verdict"] for r in beside(store, MNIST)] == ["not fitted"]


def test_random_labels_and_linear_kernels_do_not_stand_in_table_3_for_others(
    store: Store, put: Put
) -> None:
    put(0.9, randomization="random_labels")
    put(0.1, kernel="linear")
    assert [r["n"] for r in beside(store, MNIST)] == [0]


def test_the_bandwidth_stands_beside_the_published_one(store: Store, put: Put) -> None:
    put(0.0122, n=10_000)
    put(0.0122, n=10_000, bandwidth=0.3)
    code = "MNIST, raw pixels, exp(−0.02·‖x−z‖²) on pixels / 255"
    found = [(r["ours"], r["verdict"]) for r in beside(store, code, "bandwidth")]
    assert found == [(0.3, "differs")] or found == [(0.02, "agrees"), (0.3, "differs")]


def test_table_3_says_for_a_reader_what_ours_were_solved_with(store: Store, put: Put) -> None:
    put(0.0236, n=10_000, norm=62.19)
    with Database(store.root) as db:
        table = TABLES["table_3"]
        assert SUMMARIES["table_3"].applies(db)
        assert not SUMMARIES["table_1"].applies(db)
        error, norm, *_ = formatted(table.table(db)).records()
    assert error == {
        "of": MNIST,
        "number": "test error",
        "settings": "n 10000, bandwidth 0.02",
        "paper": "1.2",
        "runs": "1",
        "ours": "2.36",
        "Δ": "+1.16",
        "verdict": "smaller",
    }
    assert (norm["paper"], norm["ours"], norm["verdict"]) == ("≈ 220", "62.19", "smaller")


def test_the_figure_has_a_curve_per_kind_of_features_and_the_papers_points(
    store: Store, put: Put
) -> None:
    for n, error in ((1000, 0.06), (10_000, 0.02)):
        put(error, n=n)
        put(error / 2, n=n, model="gabor_wavelets", bandwidth=0.01)
        put(0.9, n=n, randomization="random_labels")
    put(0.5, n=1000, dataset="cifar10")
    with Database(store.root) as db:
        figure = kernel_error(db)
        assert db.table(figure.sql).rows
    (panel,) = figure.panels
    assert panel.title == "mnist"
    drawn = {c.name: (list(c.x), list(c.y)) for c in panel.curves}
    assert drawn == {
        "raw pixels": ([1000, 10_000], [pytest.approx(6.0), pytest.approx(2.0)]),
        "gabor wavelets": ([1000, 10_000], [pytest.approx(3.0), pytest.approx(1.0)]),
        "paper, raw pixels": ([60_000], [pytest.approx(1.2)]),
        "paper, gabor wavelets": ([60_000], [pytest.approx(0.6)]),
    }
    groups = {c.name: c.group for c in panel.curves}
    assert groups["paper, raw pixels"] == groups["raw pixels"] != groups["gabor wavelets"]
    assert "cifar10: one n alone, not drawn: raw pixels" in figure.notes
    assert "mnist, random labels: test error 90.0 to 90.0 %, not drawn" in figure.notes
    draw(figure)


def test_the_figure_of_nothing_is_empty_and_says_what_it_needs(store: Store) -> None:
    with Database(store.root) as db:
        figure = kernel_error(db)
    assert figure.empty
    assert "kernel" in figure.needs


def test_two_strengths_of_l2_are_two_curves(store: Store, put: Put) -> None:
    for n in (1000, 3000):
        for l2 in (0.0, 0.01):
            put(0.1 + l2, n=n, l2=l2)
    with Database(store.root) as db:
        (panel,) = kernel_error(db).panels
    ours = {c.name for c in panel.curves if c.source == "ours"}
    assert ours == {"raw pixels", "raw pixels, l2 0.01"}
