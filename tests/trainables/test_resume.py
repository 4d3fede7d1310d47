"""A trial that is interrupted and continued by another engine is the same to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gensweep.trainables.classifier.checkpoint import deserialize
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.training import CheckpointPolicy, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.errors import CheckpointError
from gensweep.trainables.models import MODELS, models_for
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Record, Steps

Tiny = Callable[..., ClassifierTrial]
MakeEngine = Callable[..., EagerEngine]

REGULARIZED = {
    "crop": True,
    "flip": True,
    "rotation": 25,
    "weight_decay": 1e-3,
    "randomization": "partial_labels",
    "corruption": 0.5,
    "lr_decay": 0.5,
}
CASES: dict[str, dict[str, Any]] = {
    **{
        name: {"model": name, "batch_size": 200, "dropout": 0.3 if MODELS[name].dropout else 0.0}
        for name in models_for(8)
    },
    "inception without batch norm": {
        "model": "inception",
        "batch_size": 200,
        "dropout": 0.3,
        "batch_norm": False,
    },
    "bf16": {"model": "alexnet", "batch_size": 200, "precision": "bf16"},
    "no momentum": {"momentum": 0.0, "batch_size": 200},
    "rmsprop": {"optimizer": "rmsprop", "batch_size": 200, "warmup_epochs": 2},
    "adamw": {"optimizer": "adamw", "batch_size": 200, "lr_decay_epochs": 2},
}
# By the number of times that it was asked before whether to stop; with 3 steps and 3 batches of
# evaluation to an epoch and a window of 2 steps.
PLACES = {
    "inside a window": 0,
    "at a window's end": 1,
    "at the last step": 2,
    "in the evaluation": 4,
    "inside the second epoch": 6,
}


class Attempt:
    """What one engine makes of a trial from a checkpoint to its end or a stop."""

    def __init__(
        self,
        engine: EagerEngine,
        trial: ClassifierTrial,
        content: bytes | None = None,
        stop_after: float = inf,
        seconds: float = inf,
    ) -> None:
        self.asked = 0

        def should_stop() -> bool:
            self.asked += 1
            return self.asked > stop_after

        saved = deserialize(content, trial) if content else None
        checkpoints = CheckpointPolicy(lambda _: saved, seconds)
        records = [record for _, record in fit([trial], engine, should_stop, checkpoints)]
        self.reported = without_times(records)
        self.checkpoints = [record for record in records if isinstance(record, Checkpoint)]
        self.state = engine.state(0)


def without_times(records: list[Record]) -> list[Record]:
    """What the trial has computed, and how it ended."""
    return [
        Epoch(**{**vars(record), "seconds": 0.0}) if isinstance(record, Epoch) else record
        for record in records
        if isinstance(record, Steps | Epoch | Ended)
    ]


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, Tensor):
        return torch.equal(one, other) and one.stride() == other.stride()
    return bool(one == other)


@pytest.fixture(scope="session")
def uninterrupted(engine: MakeEngine) -> Callable[[ClassifierTrial], Attempt]:
    known: dict[ClassifierTrial, Attempt] = {}

    def attempt(trial: ClassifierTrial) -> Attempt:
        if trial not in known:
            known[trial] = Attempt(engine(trial), trial)
        return known[trial]

    return attempt


@pytest.mark.parametrize("stop_after", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_trial_that_was_interrupted_is_one_that_was_not(
    case: dict[str, Any],
    stop_after: int,
    tiny: Tiny,
    engine: MakeEngine,
    uninterrupted: Callable[[ClassifierTrial], Attempt],
) -> None:
    check(tiny(**REGULARIZED, **case), stop_after, engine, uninterrupted)


@pytest.mark.parametrize("place", ["inside a window", "inside the second epoch"])
def test_a_trial_with_an_auxiliary_head_that_was_interrupted_is_one_that_was_not(
    place: str,
    large: Tiny,
    engine: MakeEngine,
    uninterrupted: Callable[[ClassifierTrial], Attempt],
) -> None:
    optimizer = {"optimizer": "rmsprop", "beta2": 0.9, "epsilon": 1.0, "label_smoothing": 0.1}
    check(large(**REGULARIZED, **optimizer, dropout=0.3), PLACES[place], engine, uninterrupted)


def check(
    trial: ClassifierTrial,
    stop_after: int,
    engine: MakeEngine,
    uninterrupted: Callable[[ClassifierTrial], Attempt],
) -> None:
    """Interrupt the trial there, continue it, and compare with one that was not."""
    first = Attempt(engine(trial), trial, stop_after=stop_after)
    (checkpoint,) = first.checkpoints
    last = Attempt(engine(trial), trial, checkpoint.content)
    expected = uninterrupted(trial)
    assert first.reported[-1] != expected.reported[-1]
    assert last.reported == expected.reported
    assert same(last.state, expected.state)
    assert first.asked + last.asked <= expected.asked + 3  # an evaluation at most is done twice


@given(
    stops=st.lists(st.integers(0, 18), min_size=1, max_size=3),
    batch_size=st.sampled_from([100, 171, 512]),
    log_every=st.integers(1, 4),
    model=st.sampled_from(["mlp_1x512", "mlp_3x512"]),
)
@settings(max_examples=60)
def test_a_trial_may_be_interrupted_anywhere_and_often(
    tiny: Tiny, engine: MakeEngine, stops: list[int], **setting: Any
) -> None:
    trial = tiny(**REGULARIZED, dropout=0.3, **setting)
    content = None
    for stop_after in stops:
        attempt = Attempt(engine(trial), trial, content, stop_after)
        if not attempt.checkpoints:
            break
        content = attempt.checkpoints[-1].content
    else:
        attempt = Attempt(engine(trial), trial, content)
    expected = Attempt(engine(trial), trial)
    assert attempt.reported == expected.reported
    assert same(attempt.state, expected.state)


def test_every_checkpoint_on_the_way_leads_to_the_same_end(
    tiny: Tiny, engine: MakeEngine, uninterrupted: Callable[[ClassifierTrial], Attempt]
) -> None:
    trial = tiny(**REGULARIZED, dropout=0.3)
    on_the_way = Attempt(engine(trial), trial, seconds=0.0)
    assert [(c.epoch, c.step) for c in on_the_way.checkpoints] == [
        *[(1, 2), (1, 4), (1, 6), (1, 6)],
        *[(2, 8), (2, 10), (2, 12)],
    ]
    assert on_the_way.reported == uninterrupted(trial).reported
    for checkpoint in on_the_way.checkpoints:
        continued = Attempt(engine(trial), trial, checkpoint.content)
        assert continued.reported == uninterrupted(trial).reported
        assert same(continued.state, uninterrupted(trial).state)


def test_trials_stopped_at_different_steps_go_on_as_each_would_alone(
    tiny: Tiny, engine: MakeEngine, uninterrupted: Callable[[ClassifierTrial], Attempt]
) -> None:
    trials = [tiny(**REGULARIZED, dropout=0.3, seed=seed, epochs=3) for seed in range(4)]
    contents = {
        trial.trial_id: Attempt(engine(trial), trial, stop_after=stop).checkpoints[0].content
        for trial, stop in zip(trials, [2, 13, 7], strict=False)
    }

    def saved(trial: ClassifierTrial) -> Any:
        return deserialize(contents[trial.trial_id], trial) if trial.trial_id in contents else None

    together = engine(*trials)
    records = list(fit(trials, together, lambda: False, CheckpointPolicy(saved)))
    for lane, trial in enumerate(trials):
        found = [record for trial_id, record in records if trial_id == trial.trial_id]
        assert without_times(found) == uninterrupted(trial).reported
        assert same(together.state(lane), uninterrupted(trial).state)


def test_a_state_of_another_device_is_not_continued(tiny: Tiny, engine: MakeEngine) -> None:
    running = engine(tiny())
    state = {**running.state(0), "device": "cuda"}
    with pytest.raises(CheckpointError, match="it is of device cuda, and this is cpu"):
        running.restore(0, state)
