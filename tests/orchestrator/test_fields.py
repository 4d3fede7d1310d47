"""A value is accepted exactly if a trial can be built from it, and refused with what is allowed."""

from __future__ import annotations

import math
from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.orchestrator.fields import allowed, problem, trial_fields
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.models import MODELS
from gensweep.trainables.names import unknown

FIELDS = trial_fields("classifier")
WHOLE = (
    "seed",
    "epochs",
    "patience",
    "batch_size",
    "log_every",
    "lr_decay_epochs",
    "warmup_epochs",
)
NUMBERS = (
    *("corruption", "lr", "lr_decay", "momentum", "weight_decay", "dropout", "rotation"),
    *("beta2", "epsilon", "label_smoothing"),
)
FLAGS = ("crop", "flip", "batch_norm")

# The closed or open ends of what a number may be, as the trial's documentation has them.
RANGES = {
    "corruption": lambda x: 0 <= x <= 1,
    "lr": lambda x: x > 0,
    "lr_decay": lambda x: 0 < x <= 1,
    "momentum": lambda x: 0 <= x < 1,
    "weight_decay": lambda x: x >= 0,
    "dropout": lambda x: 0 <= x < 1,
    "rotation": lambda x: 0 <= x < 180,
    "seed": lambda x: x >= 0,
    "beta2": lambda x: 0 <= x < 1,
    "epsilon": lambda x: x > 0,
    "label_smoothing": lambda x: 0 <= x < 1,
    **dict.fromkeys(WHOLE[1:], lambda x: x >= 1),
    "warmup_epochs": lambda x: x >= 0,
}
SCALARS = (
    st.booleans()
    | st.integers(-3, 200)
    | st.floats()
    | st.sampled_from([0.0, 1.0, 180.0, "epochs", "fit", "fp32", "gaussian", "cifar10", "", "1"])
    | st.lists(st.integers(0, 2), max_size=2)
    | st.dictionaries(st.sampled_from("ab"), st.booleans(), max_size=1)
)


def test_the_fields_are_those_of_a_trial() -> None:
    assert list(FIELDS) == [f.name for f in fields(ClassifierTrial)]
    assert set(FIELDS) >= {*WHOLE, *NUMBERS, *FLAGS}


def test_every_default_is_valid() -> None:
    defaults = {f.name: f.default for f in fields(ClassifierTrial) if f.default is not MISSING}
    assert len(defaults) > 15
    assert [name for name, value in defaults.items() if problem(name, value, "classifier")] == []


@given(name=st.sampled_from(sorted(RANGES)), value=st.integers(-3, 200) | st.floats())
def test_numbers_are_valid_within_their_range_alone(name: str, value: float) -> None:
    right_kind = isinstance(value, int) if name in WHOLE else math.isfinite(value)
    assert (problem(name, value, "classifier") is None) == (right_kind and RANGES[name](value))


@pytest.mark.parametrize("name", [*WHOLE, *NUMBERS])
@pytest.mark.parametrize(
    "value", [True, False, "1", "0.5", None, [1], {"a": 1}, math.inf, -math.inf, math.nan]
)
def test_nothing_but_a_finite_number_is_a_number(name: str, value: Any) -> None:
    assert problem(name, value, "classifier") == (
        f"{str(value).lower() if isinstance(value, bool) else repr(value)} is not valid",
        allowed(name, "classifier"),
    )


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_has_no_point(name: str) -> None:
    assert problem(name, 5, "classifier") is None
    assert problem(name, 5.0, "classifier") == ("5.0 is not valid", allowed(name, "classifier"))


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("value", [0, 1, "true", None, 1.0])
def test_a_flag_is_true_or_false(name: str, value: Any) -> None:
    assert problem(name, True, "classifier") is problem(name, False, "classifier") is None
    assert problem(name, value, "classifier") == (
        f"{str(value).lower() if isinstance(value, bool) else repr(value)} is not valid",
        "true or false",
    )


@given(name=st.sampled_from(sorted(FIELDS)), value=SCALARS)
def test_a_trial_can_be_built_from_every_value_that_passes(name: str, value: Any) -> None:
    if problem(name, value, "classifier") is None:
        others = {"model": "inception", "stop": "fit", "optimizer": "adam"}
        if name in ("color", "aux_weight"):
            others |= {"model": "inception_v3", "dataset": "imagenet"}
        trial = ClassifierTrial(**{**others, name: value})
        assert len(trial.trial_id) == 12
        # these two are brought to what they mean for the other fields
        assert name in ("corruption", "evaluate_every") or getattr(trial, name) == value


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("seed", "a whole number, at least 0, below 4294967296"),
        ("epochs", "a whole number, at least 1"),
        ("corruption", "a number, at least 0, at most 1"),
        ("lr", "a number, above 0"),
        ("lr_decay", "a number, above 0, at most 1"),
        ("dropout", "a number, at least 0, below 1"),
        ("rotation", "a number, at least 0, below 180"),
        ("flip", "true or false"),
        ("stop", "one of epochs, fit"),
        ("precision", "one of fp32, tf32, bf16"),
        ("model", "one of " + ", ".join(MODELS)),
        ("dataset", "one of " + ", ".join(DATASETS)),
    ],
)
def test_what_is_allowed_is_said_in_words(name: str, words: str) -> None:
    assert allowed(name, "classifier") == words


@pytest.mark.parametrize(
    ("name", "value", "near"),
    [("model", "inceptoin", "inception"), ("dataset", "cifar-10", "cifar10")],
)
def test_an_unknown_name_comes_with_the_nearest_and_all_known(
    name: str, value: str, near: str
) -> None:
    what, words = problem(name, value, "classifier") or ("", "")
    assert what == f"unknown {name} {value!r}; did you mean {near!r}?"
    assert words == allowed(name, "classifier")


def test_no_name_is_suggested_where_none_is_near() -> None:
    assert unknown("model", "zzz", ["alexnet"]) == ("unknown model 'zzz'", "one of alexnet")
