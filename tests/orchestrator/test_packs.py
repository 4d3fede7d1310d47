"""Trials of equal shape go together, as many as may and as workers leave over, long ones first."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.orchestrator.packs import in_order, largest_pack, packs
from gensweep.orchestrator.resources import Resources
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.models import MODELS, models_for


def made(model: str = "mlp_1x512", **settings: Any) -> ClassifierTrial:
    return ClassifierTrial(model=model, **{"dataset": "synthetic", "epochs": 2, **settings})


TRIALS = st.lists(
    st.builds(
        made,
        model=st.sampled_from(["mlp_1x512", "alexnet"]),
        epochs=st.integers(1, 2),
        seed=st.integers(0, 2),
        randomization=st.sampled_from(["true_labels", "random_labels", "gaussian"]),
        batch_size=st.sampled_from([32, 64]),
        flip=st.booleans(),
    ),
    unique=True,
    max_size=30,
)


@given(trials=TRIALS, mlp=st.integers(1, 8), alexnet=st.integers(1, 8), workers=st.integers(1, 6))
def test_every_trial_is_in_one_pack_with_trials_of_its_shape_and_no_more_than_may_be(
    trials: list[ClassifierTrial], mlp: int, alexnet: int, workers: int
) -> None:
    most = {"mlp_1x512": mlp, "alexnet": alexnet}
    found = packs(in_order(trials), lambda trial: most[trial.model], workers)
    assert Counter(trial for pack in found for trial in pack) == Counter(trials)
    of_shape = Counter(t.engine_key for t in trials)
    for pack in found:
        (each,) = {trial.engine_key for trial in pack}
        assert 1 <= len(pack) <= min(most[pack[0].model], ceil(of_shape[each] / workers))
    for each, count in of_shape.items():
        sizes = [len(pack) for pack in found if pack[0].engine_key == each]
        assert len(sizes) >= min(count, workers)
        assert max(sizes) - min(sizes) <= 1
    lengths = [sum(t.cost for t in pack) for pack in found]
    assert lengths == sorted(lengths, reverse=True)


@given(trials=TRIALS, workers=st.integers(1, 6))
def test_with_one_trial_to_a_pack_the_longest_come_first_and_like_ones_together(
    trials: list[ClassifierTrial], workers: int
) -> None:
    found = [trial for (trial,) in packs(in_order(trials), lambda _: 1, workers)]
    lengths = [trial.cost for trial in found]
    assert lengths == sorted((t.cost for t in trials), reverse=True)

    def images(trial: ClassifierTrial) -> tuple[Any, ...]:
        drawn = (trial.randomization, trial.seed) if trial.randomization == "gaussian" else ()
        return trial.cost, trial.engine_key, drawn

    for alike in (lambda t: (t.cost, t.engine_key), images):
        keys = [alike(trial) for trial in found]
        changes = sum(a != b for a, b in pairwise(keys))
        assert changes == max(0, len(set(keys)) - 1)  # nothing that was left comes again


def test_trials_that_nothing_sets_apart_keep_their_order() -> None:
    trials = [made(seed=seed, corruption=0.5, randomization="partial_labels") for seed in range(9)]
    assert in_order(trials) == trials
    assert packs(trials, lambda _: 4, workers=2) == [tuple(trials[i : i + 3]) for i in (0, 3, 6)]


def test_no_lane_stays_empty_while_others_hold_several() -> None:
    trials = [made(seed=seed) for seed in range(5)]
    assert [len(pack) for pack in packs(trials, lambda _: 16, workers=4)] == [2, 1, 1, 1]
    assert [len(pack) for pack in packs(trials, lambda _: 16, workers=9)] == [1] * 5
    assert [len(pack) for pack in packs(trials, lambda _: 16, workers=1)] == [5]


def test_the_same_images_stand_together_whatever_the_labels() -> None:
    """Randomized labels leave the images as they are; noise is drawn by the seed."""
    rules = ["gaussian", "true_labels", "random_labels"]
    trials = [made(seed=seed, randomization=rule) for seed in (0, 1) for rule in rules]
    found = [(t.randomization, t.seed) for t in in_order(trials)]
    labels = [(rule, seed) for seed in (0, 1) for rule in rules[1:]]
    assert found == [("gaussian", 0), *labels, ("gaussian", 1)]


@pytest.mark.parametrize("model", models_for(8))
def test_packs_are_for_the_captured_engine_unless_they_are_asked_for(model: str) -> None:
    trial = made(model=model)
    assert largest_pack(Resources(), trial) == 1
    assert largest_pack(Resources(engine="eager"), trial) == 1
    assert largest_pack(Resources(engine="captured"), trial) == MODELS[model].fills_gpu
    for engine in ("auto", "eager", "captured"):
        assert largest_pack(Resources(engine=engine, pack=5), trial) == 5
        assert largest_pack(Resources(engine=engine, pack=1), trial) == 1
