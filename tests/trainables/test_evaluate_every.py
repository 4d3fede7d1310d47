"""Which epochs are evaluated, and that leaving some out changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.classifier.checkpoint import deserialize
from gensweep.trainables.classifier.training import CheckpointPolicy, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Record, Steps

Tiny = Callable[..., ClassifierTrial]
Train = Callable[..., list[Record]]
MakeScripted = Callable[..., Any]


def epochs(records: list[Record]) -> list[Epoch]:
    return [record for record in records if isinstance(record, Epoch)]


def alone(engine: Any, trial: ClassifierTrial, **more: Any) -> list[Record]:
    return [record for _, record in fit([trial], engine, **{"should_stop": lambda: False, **more})]


@given(every=st.integers(1, 12), last=st.integers(1, 15))
def test_the_first_the_last_and_every_nth_epoch_are_evaluated(
    every: int, last: int, tiny: Tiny, scripted: MakeScripted
) -> None:
    records = alone(scripted({}), tiny(epochs=last, evaluate_every=every))
    expected = sorted({1, last, *range(every, last + 1, every)})
    assert [epoch.epoch for epoch in epochs(records)] == expected
    assert [epoch.step for epoch in epochs(records)] == [20 * epoch for epoch in expected]


def test_epochs_that_may_have_fitted_are_evaluated_until_one_has(
    tiny: Tiny, scripted: MakeScripted
) -> None:
    engine = scripted({"errors": [0.5, 0.5, 0.1, 0.0], "losses": (0.1, 0.08)})
    records = alone(engine, tiny(epochs=12, evaluate_every=10))
    assert [epoch.epoch for epoch in epochs(records)] == [1, 2, 3, 4, 10, 12]


@pytest.mark.parametrize("losses", [(0.1, 0.1), (0.01, 0.2)])
def test_an_epoch_with_a_larger_training_loss_has_not_fitted(
    losses: tuple[float, float], tiny: Tiny, scripted: MakeScripted
) -> None:
    records = alone(scripted({"losses": losses}), tiny(epochs=5, evaluate_every=5))
    assert [epoch.epoch for epoch in epochs(records)] == [1, 5]


def test_a_trial_that_stops_at_a_fit_is_evaluated_at_every_epoch_from_there(
    tiny: Tiny, scripted: MakeScripted
) -> None:
    engine = scripted({"errors": [0.5, 0.5, 0.5, 0.0]})
    trial = tiny(epochs=30, evaluate_every=4, stop="fit", patience=3)
    records = alone(engine, trial)
    assert [epoch.epoch for epoch in epochs(records)] == [1, 4, 5, 6]
    assert records[-1] == Ended("done", "training error 0")


def test_what_is_evaluated_is_what_it_would_have_been(tiny: Tiny, train: Train) -> None:
    settings = {"epochs": 5, "flip": True, "dropout": 0.2}
    every = {e.epoch: e for e in epochs(train(tiny(**settings)))}
    some = epochs(train(tiny(**settings, evaluate_every=3)))
    assert [epoch.epoch for epoch in some] == [1, 3, 5]
    for epoch in some:
        same = {**vars(every[epoch.epoch]), "seconds": 0.0}
        assert {**vars(epoch), "seconds": 0.0} == same


def test_the_seconds_of_epochs_that_are_not_evaluated_are_counted_with_the_next(
    tiny: Tiny, scripted: MakeScripted, clock: Any
) -> None:
    engine = scripted({})
    trial = tiny(epochs=4, evaluate_every=4)
    seconds = []
    for _, record in fit([trial], engine, lambda: False):
        if isinstance(record, Steps):
            clock.now += 1.0
        if isinstance(record, Epoch):
            seconds.append(record.seconds)
    assert seconds == [2.0, 6.0]


@given(stop_at=st.integers(1, 119))
def test_a_trial_stopped_anywhere_goes_on_as_if_it_had_not_been(
    stop_at: int, tiny: Tiny, scripted: MakeScripted
) -> None:
    script = {"errors": [0.5] * 4 + [0.0], "losses": (0.3, 0.2)}
    trial = tiny(epochs=6, evaluate_every=4)
    whole = alone(scripted(script), trial)
    engine = scripted(script)
    asked = iter(range(1, 1000))
    stopped = alone(engine, trial, should_stop=lambda: next(asked) == stop_at)
    checkpoints = [record for record in stopped if isinstance(record, Checkpoint)]
    assert len(checkpoints) == 1
    saved = deserialize(checkpoints[0].content, trial)
    again = alone(scripted(script), trial, checkpoints=CheckpointPolicy(lambda trial: saved))

    def of(records: list[Record]) -> list[Any]:
        rows = [r for r in records if isinstance(r, Epoch | Steps | Ended)]
        return [{**vars(r), "seconds": 0.0} for r in rows]

    assert of(again) == of(whole)


def test_a_trial_that_is_evaluated_at_every_epoch_is_the_trial_of_before(tiny: Tiny) -> None:
    assert tiny(evaluate_every=1).trial_id == tiny().trial_id
    assert tiny(epochs=3, evaluate_every=2).trial_id != tiny(epochs=3).trial_id
