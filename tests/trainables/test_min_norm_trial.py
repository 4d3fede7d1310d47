"""What a linear regression's trial may be, and which of them are the same."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from gensweep.orchestrator.fields import problem
from gensweep.trainables.errors import TrialError
from gensweep.trainables.min_norm.trial import MinNormTrial

# The identity of a trial is in every result: these may never change.
GOLDEN: dict[str, dict[str, Any]] = {
    "ff8006f1a335": {},
    "70ab92ddceb2": {"dataset": "gaussian", "n": 50, "d": 200, "method": "gd", "start": "random"},
    "6c0e69b377b1": {"dataset": "mnist", "features": "kernel", "n": 1000, "corruption": 0.5},
}


@pytest.mark.parametrize("trial_id", GOLDEN)
def test_identities_do_not_change(trial_id: str) -> None:
    assert MinNormTrial(**GOLDEN[trial_id]).trial_id == trial_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"method": "gd", "batch_size": 1}, {"method": "gd", "batch_size": 7}),
        ({"method": "sgd", "batch_size": 20}, {"method": "gd"}),  # all examples in one batch
        ({"method": "sgd", "batch_size": 21}, {"method": "gd"}),
        ({"start": "zero", "scale": 3.0}, {}),
        ({"bandwidth": 0.5}, {}),
        ({"d": 100}, {}),  # the pixels decide
    ],
)
def test_equal_computations_are_equal_trials(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert MinNormTrial(**one).trial_id == MinNormTrial(**other).trial_id


@pytest.mark.parametrize(
    "setting",
    [
        {"lr": 0.5},
        {"batch_size": 2},
        {"method": "gd"},
        {"corruption": 0.5},
        {"start": "random"},
        {"features": "kernel"},
        {"n": 21},
        {"precision": "fp32"},
    ],
)
def test_what_changes_the_computation_changes_the_trial(setting: dict[str, Any]) -> None:
    assert MinNormTrial(**setting).trial_id != MinNormTrial().trial_id


@pytest.mark.parametrize(
    ("where", "settings"),
    [
        ("n", {"dataset": "digits", "n": 64}),
        ("n", {"dataset": "synthetic", "features": "whitened", "n": 192}),
        ("d", {"dataset": "gaussian", "n": 50, "d": 50}),
        ("d", {"dataset": "digits", "features": "relu", "n": 50}),
        ("n", {"dataset": "digits", "features": "relu", "n": 1438, "d": 5000}),
        ("features", {"dataset": "gaussian", "d": 100, "features": "kernel"}),
        ("batch_size", {"method": "sgd", "batch_size": 0}),
    ],
)
def test_what_has_no_minimum_norm_to_find_is_refused(where: str, settings: dict[str, Any]) -> None:
    with pytest.raises(TrialError) as caught:
        MinNormTrial(**settings)
    assert caught.value.where == where
    assert caught.value.allowed


@pytest.mark.parametrize(
    ("width", "settings"),
    [
        (64, {"n": 63}),
        (192, {"dataset": "synthetic", "n": 191}),
        (2352, {"dataset": "cifar10", "n": 2351}),
        (65, {"features": "relu", "n": 64, "d": 65}),
        (1437, {"features": "kernel", "n": 1437}),
        (11, {"dataset": "gaussian", "n": 10, "d": 11}),
    ],
)
def test_as_many_examples_as_there_are_features_less_one(
    width: int, settings: dict[str, Any]
) -> None:
    assert MinNormTrial(**settings).width == width


def test_a_sweep_file_may_name_gaussian_data_here_and_only_here() -> None:
    assert problem("dataset", "gaussian", "min_norm") is None
    assert problem("dataset", "gaussian", "classifier") is not None
    wrong = problem("dataset", "gausian", "min_norm")
    assert wrong
    assert "gaussian" in wrong[1]


def test_more_steps_on_more_numbers_are_more_work() -> None:
    assert MinNormTrial(steps=200).cost == 2 * MinNormTrial(steps=100).cost
    assert MinNormTrial(method="gd").cost == 20 * MinNormTrial().cost


def test_planning_loads_neither_torch_nor_scipy() -> None:
    code = (
        "import sys; from gensweep.trainables.min_norm.trial import MinNormTrial;"
        " MinNormTrial().trial_id; sys.exit(bool({'torch', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
