"""Gradient descent and SGD on linear models, held against the closed form and against theory."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest
from sklearn.kernel_ridge import KernelRidge

from gensweep.trainables.context import Context
from gensweep.trainables.datasets import load
from gensweep.trainables.device import device_name
from gensweep.trainables.min_norm.data import examples
from gensweep.trainables.min_norm.descent import batches, gradient_descent, stochastic
from gensweep.trainables.min_norm.regression import Regression
from gensweep.trainables.min_norm.run import measured_at, run
from gensweep.trainables.min_norm.spectrum import smoothness, solve
from gensweep.trainables.min_norm.trial import MinNormTrial
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.records import Ended, Measurement, Started

HERE = Path("there is nothing here")
CPU = torch.device("cpu")
GAUSSIAN = MinNormTrial(dataset="gaussian", n=20, d=60, steps=3000)
EVERY = [
    GAUSSIAN,
    MinNormTrial(features="raw", n=10),
    MinNormTrial(features="whitened", n=10),
    MinNormTrial(features="relu", n=30, d=200),
    MinNormTrial(features="kernel", bandwidth=0.5, n=100),
    MinNormTrial(dataset="synthetic", features="whitened", n=30, corruption=0.5),
]
each_kind = pytest.mark.parametrize("trial", EVERY, ids=lambda t: f"{t.dataset}-{t.features}")
each_method = pytest.mark.parametrize("method", ["gd", "sgd"])


def records(trial: MinNormTrial, **context: Any) -> list[Any]:
    made = Context(HERE, device="cpu", threads=1, **context)
    found = list(run([trial], made))
    assert {trial_id for trial_id, _ in found} == {trial.trial_id}
    return [record for _, record in found]


def measured(trial: MinNormTrial) -> dict[str, dict[float | None, float]]:
    found: dict[str, dict[float | None, float]] = {}
    for record in records(trial):
        if isinstance(record, Measurement):
            assert record.at not in found.setdefault(record.name, {})
            found[record.name][record.at] = record.value
    return found


def final(trial: MinNormTrial) -> dict[str, float]:
    found = measured(trial)
    return {name: values.get(trial.steps, values.get(None, 0.0)) for name, values in found.items()}


@each_kind
def test_the_closed_form_is_the_pseudoinverses_and_the_papers(trial: MinNormTrial) -> None:
    data = examples(trial, HERE)
    inputs, targets = data.inputs, data.targets
    found = solve(inputs, targets).weights
    scale = np.abs(found).max()
    assert found == pytest.approx(np.linalg.pinv(inputs) @ targets, abs=1e-9 * scale)
    alpha = np.linalg.solve(inputs @ inputs.T, targets)  # X X' a = y, w = X' a
    assert found == pytest.approx(inputs.T @ alpha, abs=1e-9 * scale)
    assert inputs @ found == pytest.approx(targets, abs=1e-9)


@given(n=st.integers(2, 8), more=st.integers(1, 8), seed=st.integers(0, 99))
def test_no_other_solution_has_a_smaller_norm(n: int, more: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs, targets = rng.standard_normal((n, n + more)), rng.standard_normal((n, 3))
    solution = solve(inputs, targets)
    other = rng.standard_normal((n + more, 3))
    other -= np.linalg.pinv(inputs) @ (inputs @ other)  # which changes no output
    assert inputs @ (solution.weights + other) == pytest.approx(targets, abs=1e-6)
    assert np.linalg.norm(solution.weights) <= np.linalg.norm(solution.weights + other) + 1e-9


def test_of_repeated_examples_the_span_has_only_their_own_directions() -> None:
    inputs = np.array([[1.0, 0, 0, 0], [1, 0, 0, 0], [0, 3, 0, 0]])
    solution = solve(inputs, np.eye(3))
    assert (solution.rank, solution.condition) == (2, pytest.approx(4.5))
    assert solution.weights == pytest.approx(np.linalg.pinv(inputs))
    inside = solution.span @ solution.span.T
    assert inside == pytest.approx(np.diag([1.0, 1, 0, 0]))


@each_method
@pytest.mark.parametrize("corruption", [0.0, 1.0])
def test_from_zero_both_methods_reach_the_minimum_norm(method: Any, corruption: float) -> None:
    last = final(replace(GAUSSIAN, method=method, corruption=corruption))
    assert last["distance"] < 1e-3
    assert last["norm"] == pytest.approx(last["minimum_norm"], rel=1e-3)
    assert last["test_error"] == pytest.approx(last["solution_test_error"], abs=0.01)
    assert last["train_error"] == 0.0
    assert last["train_loss"] < 1e-6


@each_method
def test_small_steps_reach_it_too_and_take_longer(method: Any) -> None:
    small = replace(GAUSSIAN, method=method, lr=0.1)
    assert final(small)["distance"] > final(replace(small, lr=1.0))["distance"]
    assert final(replace(small, steps=30_000))["distance"] < 1e-3


@each_method
def test_from_a_random_start_the_part_outside_the_span_stays_and_the_rest_goes(method: Any) -> None:
    trial = replace(GAUSSIAN, method=method, start="random", scale=2.0)
    found, last = measured(trial), final(trial)
    assert last["distance_to_limit"] < 1e-3
    assert last["outside"] == pytest.approx(found["outside"][0], rel=1e-9)
    assert last["distance"] * last["minimum_norm"] == pytest.approx(last["outside"], rel=1e-3)
    assert last["norm"] ** 2 == pytest.approx(
        last["minimum_norm"] ** 2 + last["outside"] ** 2, 1e-3
    )
    assert found["norm"][0] == pytest.approx(2 * last["minimum_norm"])


@each_kind
@each_method
@pytest.mark.parametrize("start", ["zero", "random"])
def test_nothing_ever_moves_outside_the_span(trial: MinNormTrial, method: Any, start: Any) -> None:
    found = measured(replace(trial, method=method, start=start, steps=500))
    assert max(found["outside_moved"].values()) < 1e-10


def test_gradient_descent_goes_where_the_eigenvalues_say() -> None:
    """After t steps the error along an eigenvector is (1 - rate * eigenvalue)^t of the first."""
    trial = replace(GAUSSIAN, method="gd", start="random", lr=0.7)
    data = examples(trial, HERE)
    regression = Regression(trial, data, CPU)
    first = regression.weights.clone().numpy()
    limit = np.linalg.pinv(data.inputs) @ data.targets
    values, vectors = np.linalg.eigh(data.inputs.T @ data.inputs / trial.n)
    descent = regression.descent()
    for _ in range(25):
        next(descent)
    shrunk = vectors * (1 - 0.7 * values / values[-1]) ** 25 @ vectors.T
    outside = np.eye(trial.d) - np.linalg.pinv(data.inputs) @ data.inputs
    expected = limit + outside @ first + shrunk @ (np.eye(trial.d) - outside) @ (first - limit)
    assert regression.weights.numpy() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [None, 1, 3])
def test_a_step_follows_the_gradient_that_torch_takes(size: int | None) -> None:
    rng = np.random.default_rng(1)
    inputs, targets = (torch.from_numpy(rng.standard_normal(shape)) for shape in ((5, 9), (5, 3)))
    weights = torch.from_numpy(rng.standard_normal((3, 9))).requires_grad_()
    rows = torch.arange(5) if size is None else torch.from_numpy(batches(5, size, 2, 0)[0])
    loss = 0.5 * (inputs[rows] @ weights.T - targets[rows]).square().sum() / len(rows)
    loss.backward()  # type: ignore[no-untyped-call]
    moved = weights.detach().clone()
    if size is None:
        next(gradient_descent(moved, inputs, targets, 0.3))
    else:
        next(stochastic(moved, inputs, targets, 0.3, size, 2))
    assert weights.grad is not None
    assert moved.numpy() == pytest.approx((weights - 0.3 * weights.grad).detach().numpy())


@pytest.mark.parametrize("batch", [1, 3, 20])
def test_in_the_mean_sgd_shrinks_the_distance_as_fast_as_is_promised(batch: int) -> None:
    """Over all batches of one step, by enumeration where there are few and by drawing else."""
    data = examples(replace(GAUSSIAN, n=20), HERE)
    solution = solve(data.inputs, data.targets)
    unit = smoothness(data.inputs, solution.largest, batch)
    drawn = np.concatenate([batches(20, batch, 0, block) for block in range(4)])
    rng = np.random.default_rng(0)
    away = solution.span @ rng.standard_normal((solution.rank, 1))
    for lr in (0.5, 1.0, 1.9):
        after = []
        for rows in drawn:
            part = data.inputs[rows]
            moved = away - lr / unit * part.T @ (part @ away) / batch
            after.append(float(np.sum(moved**2)))
        ratio = np.mean(after) / float(np.sum(away**2))
        assert ratio <= 1 - lr * (2 - lr) * solution.smallest / unit + 1e-3


@each_kind
def test_the_unit_of_the_learning_rate_is_gradient_descents_for_a_batch_of_all(
    trial: MinNormTrial,
) -> None:
    inputs = examples(trial, HERE).inputs
    largest = float(np.linalg.eigvalsh(inputs.T @ inputs)[-1] / len(inputs))
    assert smoothness(inputs, largest, len(inputs)) == pytest.approx(largest)
    assert smoothness(inputs, largest, 1) == pytest.approx((inputs**2).sum(axis=1).max())


@pytest.mark.parametrize(("lr", "status"), [(1.99, "done"), (2.2, "diverged")])
def test_gradient_descent_is_stable_below_two_and_not_above(lr: float, status: str) -> None:
    found = records(replace(GAUSSIAN, method="gd", start="random", lr=lr, steps=20_000))
    assert isinstance(found[-1], Ended)
    assert found[-1].status == status
    values = [r.value for r in found if isinstance(r, Measurement)]
    assert all(map(math.isfinite, values))


def test_the_bound_is_one_on_what_has_not_left_the_span() -> None:
    for trial in EVERY:
        found = measured(replace(trial, start="random", steps=300))
        for step, distance in found["distance_to_limit"].items():
            assert distance <= found["distance_bound"][step] * (1 + 1e-9)


def test_every_subset_is_equally_likely_to_be_a_batch() -> None:
    drawn = np.concatenate([batches(5, 2, 7, block) for block in range(10)])
    assert all(len(set(rows)) == 2 for rows in drawn.tolist())
    counted = np.unique([min(r) * 5 + max(r) for r in drawn.tolist()], return_counts=True)[1]
    assert len(counted) == 10
    assert chisquare(counted).pvalue > 1e-4
    single = np.concatenate([batches(5, 1, 7, block) for block in range(10)])
    assert chisquare(np.bincount(single.ravel(), minlength=5)).pvalue > 1e-4


def test_batches_follow_from_the_seed_alone() -> None:
    assert np.array_equal(batches(9, 3, 1, 0), batches(9, 3, 1, 0))
    assert not np.array_equal(batches(9, 3, 1, 0), batches(9, 3, 2, 0))
    assert not np.array_equal(batches(9, 3, 1, 0), batches(9, 3, 1, 1))


def test_the_same_trial_finds_the_same_numbers() -> None:
    assert records(replace(GAUSSIAN, steps=50)) == records(replace(GAUSSIAN, steps=50))


@pytest.mark.parametrize("features", ["raw", "whitened", "relu", "kernel"])
def test_labels_are_corrupted_as_those_of_networks_and_test_labels_never(features: Any) -> None:
    trial = MinNormTrial(features=features, n=60, d=100, corruption=0.5, seed=3)
    source = load("digits", HERE)
    given = corrupt_labels(source.train_labels, 10, 0.5, 3)
    clean, noisy = (examples(replace(trial, corruption=p), HERE) for p in (0.0, 0.5))
    assert np.array_equal(clean.inputs, noisy.inputs)
    assert np.array_equal(noisy.test_labels, source.test_labels)
    assert 0.25 < np.mean(clean.labels != noisy.labels) < 0.65
    pairs = {(int(a), int(b)) for a, b in zip(source.train_labels, given, strict=True)}
    assert {(int(a), int(b)) for a, b in zip(clean.labels, noisy.labels, strict=True)} <= pairs
    assert np.array_equal(noisy.targets.argmax(axis=1), noisy.labels)
    assert np.array_equal(noisy.targets.sum(axis=1), np.ones(60))


def test_raw_pixels_are_those_of_the_dataset_in_the_unit_interval() -> None:
    data = examples(MinNormTrial(n=20), HERE)
    pixels = load("digits", HERE)
    every = pixels.train_images.reshape(-1, 64) / 255.0
    for row, label in zip(data.inputs, data.labels, strict=True):
        (place,) = np.flatnonzero(np.abs(every - row).max(axis=1) < 1e-6)[:1]
        assert pixels.train_labels[place] == label
    assert data.test_inputs == pytest.approx(pixels.test_images.reshape(-1, 64) / 255.0, abs=1e-6)


def test_the_kernels_minimum_norm_is_kernel_regression() -> None:
    raw = examples(MinNormTrial(n=63, seed=1), HERE)
    data = examples(MinNormTrial(features="kernel", bandwidth=0.5, n=63, seed=1), HERE)
    reference = KernelRidge(alpha=0.0, kernel="rbf", gamma=0.5).fit(raw.inputs, raw.targets)
    outputs = data.test_inputs @ solve(data.inputs, data.targets).weights
    assert outputs == pytest.approx(reference.predict(raw.test_inputs), abs=1e-8)
    norm = np.linalg.norm(solve(data.inputs, data.targets).weights)
    alpha = reference.dual_coef_
    assert norm**2 == pytest.approx(np.trace(alpha.T @ (data.inputs @ data.inputs.T) @ alpha))


def test_relu_features_have_the_inner_products_of_the_arc_cosine_kernel() -> None:
    whitened = examples(MinNormTrial(features="whitened", n=8), HERE).inputs
    lifted = examples(MinNormTrial(features="relu", n=8, d=20_000), HERE).inputs
    lengths = np.linalg.norm(whitened, axis=1)
    angles = np.arccos(np.clip(whitened @ whitened.T / np.outer(lengths, lengths), -1, 1))
    expected = np.outer(lengths, lengths) / 64
    expected *= (np.sin(angles) + (np.pi - angles) * np.cos(angles)) / np.pi
    assert lifted @ lifted.T == pytest.approx(expected, abs=0.06)


def test_gaussian_features_are_standard_normal_and_their_labels_those_of_a_linear_teacher() -> None:
    """Fitted to more examples than it has features, a linear model learns them."""
    data = examples(MinNormTrial(dataset="gaussian", n=150, d=151), HERE)
    inputs, labels = data.test_inputs, data.test_labels
    assert kstest(inputs.ravel(), "norm").pvalue > 1e-4
    fitted = np.linalg.pinv(inputs) @ np.eye(10)[labels]
    assert np.mean((inputs @ fitted).argmax(axis=1) != labels) < 0.25
    assert np.mean((data.inputs @ fitted).argmax(axis=1) != data.labels) < 0.5  # a guess: 0.9


@pytest.mark.parametrize("steps", [1, 2, 7, 1000, 12_345])
def test_the_weights_are_looked_at_from_the_start_to_the_last_step(steps: int) -> None:
    marks = measured_at(steps)
    assert marks == sorted(set(marks))
    assert (marks[0], marks[-1]) == (1, steps)
    assert len(marks) <= 8 * math.log10(steps) + 2


def test_every_figure_of_the_weights_is_there_at_each_of_these_steps() -> None:
    found = measured(replace(GAUSSIAN, steps=100))
    over_steps = {name: [*values] for name, values in found.items() if [*values] != [None]}
    assert over_steps == {name: [0, *measured_at(100)] for name in over_steps}
    assert {"distance", "norm", "outside_moved", "train_loss", "test_error"} <= set(over_steps)


def test_a_trial_begins_with_its_weights_and_ends_done() -> None:
    found = records(replace(GAUSSIAN, steps=10))
    assert found[0] == Started(device=device_name(CPU), parameters=600)
    assert found[-1] == Ended("done")


def test_a_trial_that_is_stopped_says_so_and_no_more() -> None:
    asked = iter([False] * 5 + [True])
    found = records(GAUSSIAN, should_stop=lambda: next(asked))
    assert isinstance(found[-1], Ended)
    assert found[-1].status == "interrupted"
    assert max(r.at for r in found if isinstance(r, Measurement) and r.at) == 4


def test_single_precision_still_reaches_the_tolerance() -> None:
    last = final(replace(GAUSSIAN, precision="fp32"))
    assert last["distance"] < 1e-3
    assert 1e-9 < last["outside_moved"] < 1e-5  # rounding
