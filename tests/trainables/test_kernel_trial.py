"""Trials of kernels: equal computations are equal trials."""

from __future__ import annotations

from typing import Any

import pytest

from gensweep.trainables.errors import TrialError
from gensweep.trainables.kernel.trial import KernelTrial


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": 60_000}, {}),
        ({"bandwidth": 0.02}, {}),
        ({"seed": 3}, {"seed": 4}),
        ({"filters": 10}, {}),
        ({"kernel": "linear", "bandwidth": 0.5}, {"kernel": "linear"}),
        ({"model": "random_features", "kernel": "gaussian"}, {"model": "random_features"}),
        ({"model": "random_features", "bandwidth": 1.0}, {"model": "random_features"}),
        ({"l2": 0}, {"l2": 0.0}),
    ],
)
def test_what_computes_the_same_is_the_same_trial(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert KernelTrial(**one) == KernelTrial(**other)
    assert KernelTrial(**one).trial_id == KernelTrial(**other).trial_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": 100, "seed": 3}, {"n": 100, "seed": 4}),
        ({"randomization": "random_labels", "seed": 3}, {"randomization": "random_labels"}),
        ({"model": "random_features", "seed": 3}, {"model": "random_features"}),
        ({"model": "random_features", "filters": 10}, {"model": "random_features"}),
        ({"model": "gabor_wavelets", "bandwidth": 0.02}, {"model": "gabor_wavelets"}),
        ({"dataset": "cifar10", "bandwidth": 0.02}, {"dataset": "cifar10"}),
        ({"precision": "fp32"}, {"precision": "fp64"}),
        ({"l2": 0.1}, {}),
    ],
)
def test_what_computes_something_else_is_another_trial(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert KernelTrial(**one).trial_id != KernelTrial(**other).trial_id


def test_more_examples_than_there_are_is_an_error() -> None:
    with pytest.raises(TrialError, match="1438 is too many; digits has 1437 training examples"):
        KernelTrial(dataset="digits", n=1438)


def test_work_grows_with_the_cube_of_the_examples_and_with_the_filters() -> None:
    def work(**settings: Any) -> int:
        return KernelTrial(**settings).cost

    assert work(n=30_000) < work() / 4
    assert work(n=30_000) == pytest.approx(30_000**3 / 6 + 30_000**2 * 784, rel=1e-9)
    random = {"dataset": "cifar10", "model": "random_features", "n": 1000}
    assert work(filters=2000, **random) > 1.9 * work(filters=1000, **random)
