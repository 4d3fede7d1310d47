"""A label tells a trial from every other that is shown with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.fields import Decides
from gensweep.trainables.labels import label, labels
from gensweep.trainables.registry import TRAINABLES


def trial(**settings: Any) -> ClassifierTrial:
    return ClassifierTrial(**{"model": "alexnet", "dataset": "synthetic", **settings})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "alexnet, true labels, seed 0"),
        ({"randomization": "random_labels", "seed": 3}, "alexnet, random labels, seed 3"),
        (
            {"randomization": "partial_labels", "corruption": 0.5},
            "alexnet, labels p=0.5, seed 0",
        ),
        ({"weight_decay": 5e-4, "crop": True}, "alexnet, true labels, crop+wd, seed 0"),
        (
            {"model": "inception", "batch_norm": False},
            "inception (no BN), true labels, seed 0",
        ),
        ({"model": "resnet18", "batch_norm": False}, "resnet18 (no BN), true labels, seed 0"),
        ({"lr": 0.5, "epochs": 7}, "alexnet, true labels, seed 0"),
    ],
)
def test_a_label_says_what_a_trial_is(settings: dict[str, Any], expected: str) -> None:
    assert label(trial(**settings)) == expected


def test_what_varies_among_the_trials_is_said_and_nothing_else() -> None:
    assert labels([trial(lr=0.1), trial(lr=1e9, seed=1)]) == [
        "alexnet, true labels, lr 0.1, seed 0",
        "alexnet, true labels, lr 1e+09, seed 1",
    ]


def test_the_strength_of_a_regularizer_is_said_where_it_has_several() -> None:
    assert labels([trial(), trial(weight_decay=0.1), trial(weight_decay=0.2)]) == [
        "alexnet, true labels, seed 0",
        "alexnet, true labels, wd, wd 0.1, seed 0",
        "alexnet, true labels, wd, wd 0.2, seed 0",
    ]


@given(
    st.lists(
        st.builds(
            trial,
            lr=st.sampled_from([0.1, 0.2]),
            seed=st.integers(0, 1),
            epochs=st.integers(1, 3),
            stop=st.sampled_from(["epochs", "fit"]),
            patience=st.integers(1, 2),
            weight_decay=st.sampled_from([0.0, 0.1, 0.2]),
            log_every=st.integers(1, 2),
            flip=st.booleans(),
            corruption=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
            randomization=st.sampled_from(["true_labels", "partial_labels", "gaussian"]),
        ),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_no_two_trials_that_are_shown_together_have_one_label(
    trials: list[ClassifierTrial],
) -> None:
    assert len(set(labels(trials))) == len(trials)


@pytest.mark.parametrize("trainable", TRAINABLES)
def test_every_setting_can_be_told_by_a_label(trainable: str) -> None:
    config = TRAINABLES[trainable].config
    settings = {n for n, f in config.fields().items() if f.about.decides is Decides.SETTING}
    assert config.told is None or config.told - {"seed"} <= settings
