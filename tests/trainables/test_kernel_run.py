"""Trials of kernels on the digits, against scikit-learn and against formulas in float64."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel

from gensweep.trainables.context import Context
from gensweep.trainables.datasets import load
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.device import device_name
from gensweep.trainables.errors import DataError, DeviceMemoryError
from gensweep.trainables.kernel import run as module
from gensweep.trainables.kernel.cholesky import factor
from gensweep.trainables.kernel.examples import chosen_rows
from gensweep.trainables.kernel.run import run
from gensweep.trainables.kernel.trial import KernelTrial
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.records import Ended, Measurement, Record, Started

NOWHERE = Path("no-such-folder")
Array = NDArray[Any]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits", NOWHERE)


def records(trial: KernelTrial, **context: Any) -> list[Record]:
    found = list(run([trial], Context(NOWHERE, device="cpu", **context)))
    assert {trial_id for trial_id, _ in found} == {trial.trial_id}
    return [record for _, record in found]


def measured(**settings: Any) -> dict[str, float]:
    trial = KernelTrial(**{"dataset": "digits", "n": 300, **settings})
    return {r.name: r.value for r in records(trial) if isinstance(r, Measurement)}


def data(dataset: Dataset, trial: KernelTrial) -> tuple[Array, Array, Array, Array]:
    """Pixels and one-hot labels of the trial's rows; test pixels and labels."""
    given = dataset.train_labels
    if trial.randomization == "random_labels":
        given = corrupt_labels(given, 10, 1.0, trial.seed)
    rows = chosen_rows(trial, len(given))
    x, z = (i.reshape(len(i), -1) / 255 for i in (dataset.train_images[rows], dataset.test_images))
    return x, np.eye(10)[given[rows]], z, dataset.test_labels


@pytest.mark.parametrize("precision", ["fp32", "fp64"])
@pytest.mark.parametrize("l2", [0.0, 0.01])
@pytest.mark.parametrize("randomization", ["true_labels", "random_labels"])
def test_the_test_error_is_that_of_scikit_learns_kernel_ridge(
    digits: Dataset, precision: str, l2: float, randomization: str
) -> None:
    settings = {"n": 300, "bandwidth": 0.1, "l2": l2, "randomization": randomization, "seed": 5}
    trial = KernelTrial(dataset="digits", precision=precision, **settings)  # type: ignore[arg-type]
    x, y, z, labels = data(digits, trial)
    ridge = KernelRidge(alpha=l2, kernel="rbf", gamma=0.1).fit(x, y)
    expected = np.mean(ridge.predict(z).argmax(1) != labels)
    found = measured(precision=precision, **settings)
    assert found["test_error"] == pytest.approx(expected, abs=1e-12)
    assert (found["test_error"] > 0.5) == (randomization == "random_labels")
    alpha = ridge.dual_coef_
    norm = np.sqrt(np.sum(alpha * (rbf_kernel(x, gamma=0.1) @ alpha)))
    assert found["solution_norm"] == pytest.approx(norm, rel=1e-6)


@pytest.mark.parametrize("precision", ["fp32", "fp64"])
@pytest.mark.parametrize("model", ["raw_pixels", "gabor_wavelets", "random_features"])
def test_kernels_interpolate_random_labels_as_they_do_true_ones(model: str, precision: str) -> None:
    same = {"model": model, "precision": precision, "filters": 200}
    true, random = (measured(randomization=r, **same) for r in ("true_labels", "random_labels"))
    for found in (true, random):
        assert found["train_error"] == 0.0
        assert found["residual"] < 1e-10
        assert found["jitter"] == 0.0
    assert true["test_error"] < 0.15
    assert random["test_error"] > 0.8
    assert random["solution_norm"] > true["solution_norm"]


def test_the_norms_are_those_of_one_hot_and_of_signed_targets(digits: Dataset) -> None:
    trial = KernelTrial(dataset="digits", n=300, bandwidth=0.1)
    x, y, _, _ = data(digits, trial)
    inverse = np.linalg.inv(rbf_kernel(x, gamma=0.1))
    found = measured(bandwidth=0.1)
    for name, targets in (("solution_norm", y), ("signed_norm", 2 * y - 1)):
        assert found[name] == pytest.approx(np.sqrt(np.sum(targets * (inverse @ targets))))


def test_residuals_in_float32_are_refined_to_those_of_float64() -> None:
    single, double = (measured(precision=p, bandwidth=0.02) for p in ("fp32", "fp64"))
    assert single["refinements"] > double["refinements"]
    assert single["residual"] < 1e-9
    assert single["test_error"] == double["test_error"]
    assert single["solution_norm"] == pytest.approx(double["solution_norm"], rel=1e-6)


def test_a_matrix_that_is_nearly_singular_is_not_refined_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The factor is of a matrix 1.4 times as large, so that every residual is 0.3 of the last."""

    def factored(matrix: torch.Tensor, ridge: float, pause: Callable[[], None]) -> bool:
        return factor(matrix.mul_(1.4), pause)

    monkeypatch.setattr(module, "_factored", factored)
    found = measured(bandwidth=100.0)
    assert found["refinements"] == 10
    assert found["residual"] == pytest.approx((0.4 / 1.4) ** 11, rel=0.01)


@pytest.mark.parametrize("precision", ["fp32", "fp64"])
def test_a_singular_matrix_takes_a_jitter_that_is_recorded(precision: str) -> None:
    """64 pixels, of which some are always 0, cannot interpolate 300 labels."""
    found = measured(kernel="linear", precision=precision, randomization="random_labels")
    assert found["jitter"] > 0.0
    assert found["residual"] > 0.1
    assert found["train_error"] > 0.1
    assert "bandwidth" not in found


def test_l2_is_in_units_of_the_mean_of_the_diagonal(digits: Dataset) -> None:
    trial = KernelTrial(dataset="digits", n=300, kernel="linear", l2=0.1)
    x, y, z, labels = data(digits, trial)
    mean = np.mean(np.sum(x * x, axis=1))
    found = measured(kernel="linear", l2=0.1)
    ridge = KernelRidge(alpha=0.1 * mean, kernel="linear").fit(x, y)
    assert found["mean_diagonal"] == pytest.approx(mean, rel=1e-6)
    assert found["test_error"] == pytest.approx(np.mean(ridge.predict(z).argmax(1) != labels))
    assert found["jitter"] == 0.0


def test_the_bandwidth_is_one_of_the_dataset_and_features() -> None:
    widths = {measured(n=n, seed=s)["bandwidth"] for n, s in ((50, 0), (50, 1), (300, 0))}
    assert len(widths) == 1
    assert measured(model="gabor_wavelets")["bandwidth"] not in widths


def test_fewer_examples_are_among_more_in_the_datasets_order() -> None:
    few, many = (chosen_rows(KernelTrial(dataset="digits", n=n), 1437) for n in (50, 300))
    assert set(few) < set(many)
    assert (np.diff(many) > 0).all()
    assert len(set(many)) == 300
    other = chosen_rows(KernelTrial(dataset="digits", n=50, seed=1), 1437)
    assert set(other) != set(few)
    assert np.array_equal(chosen_rows(KernelTrial(dataset="digits"), 1437), np.arange(1437))


def test_a_trial_reports_its_start_its_figures_and_its_end() -> None:
    found = records(KernelTrial(dataset="digits", n=20))
    assert found[0] == Started(device_name(torch.device("cpu")), parameters=20 * 10)
    assert found[-1] == Ended("done")
    names = {r.name for r in found[1:-1] if isinstance(r, Measurement)}
    assert len(names) == len(found) - 2
    assert {"test_error", "solution_norm", "residual", "jitter", "seconds"} <= names


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_trial_that_is_told_to_stop_ends_as_interrupted(after: int) -> None:
    calls = 0

    def should_stop() -> bool:
        nonlocal calls
        calls += 1
        return calls > after

    found = records(KernelTrial(dataset="digits", n=20), should_stop=should_stop)
    assert [type(r) for r in found] == [Started, Ended]
    assert isinstance(found[-1], Ended)
    assert found[-1].status == "interrupted"


def test_several_trials_are_solved_one_after_the_other() -> None:
    trials = [KernelTrial(dataset="digits", n=n) for n in (20, 30)]
    ends = [i for i, r in run(trials, Context(NOWHERE, "cpu")) if isinstance(r, Ended)]
    assert ends == [t.trial_id for t in trials]


def test_a_dataset_that_was_not_prepared_is_an_error() -> None:
    with pytest.raises(DataError, match="gensweep data prepare mnist"):
        records(KernelTrial(n=20))


def test_an_accelerator_that_runs_full_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: Any) -> Callable[[], None]:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried\nto allocate")

    monkeypatch.setattr(module, "load_examples", full)
    with pytest.raises(DeviceMemoryError, match=r"CUDA out of memory\. Tried; trials on it: 1"):
        records(KernelTrial(dataset="digits", n=20))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("model", ["raw_pixels", "gabor_wavelets", "random_features"])
@pytest.mark.parametrize("precision", ["fp32", "fp64"])
def test_cuda_finds_what_the_cpu_finds(model: str, precision: str) -> None:
    trial = KernelTrial(
        dataset="digits",
        model=model,
        n=300,
        filters=200,
        precision=precision,  # type: ignore[arg-type]
    )
    found = []
    for device in ("cpu", "cuda"):
        every = run([trial], Context(NOWHERE, device=device))
        found.append({r.name: r.value for _, r in every if isinstance(r, Measurement)})
    assert found[0]["test_error"] == pytest.approx(found[1]["test_error"], abs=0.01)
    assert found[0]["solution_norm"] == pytest.approx(found[1]["solution_norm"], rel=1e-3)
    assert found[1]["train_error"] == 0.0
    assert found[1]["residual"] < 1e-8
