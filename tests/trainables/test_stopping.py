"""An engine between two steps: where it stops, what it says of it, and that it goes on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.trial import ClassifierTrial

Tiny = Callable[..., ClassifierTrial]
MakeEngine = Callable[..., EagerEngine]
Losses = list[tuple[int, float]]


def never() -> bool:
    return False


def on_request(number: int) -> Callable[[], bool]:
    """True when asked for this time, counted from 0, and false before and after."""
    asked = count()
    return lambda: next(asked) == number


def windows(engine: EagerEngine, epochs: dict[int, int], stop: Callable[[], bool]) -> Losses:
    return [(w.steps, w.train_loss[0]) for w in engine.train_epoch(epochs, stop)]


def test_whether_to_stop_is_asked_after_every_step(tiny: Tiny, engine: MakeEngine) -> None:
    running, steps = engine(tiny(), tiny(seed=1)), []

    def should_stop() -> bool:
        steps.append([running.steps(lane, 1) for lane in (0, 1)])
        return False

    assert len(list(running.train_epoch({0: 1, 1: 1}, should_stop))) == 3
    assert steps == [[n, n] for n in range(1, 7)]


def test_steps_are_those_of_the_epoch_asked_for(tiny: Tiny, engine: MakeEngine) -> None:
    running = engine(tiny(), tiny())
    assert [running.steps(lane, epoch) for lane in (0, 1) for epoch in (1, 2)] == [0] * 4
    list(running.train_epoch({1: 1}, on_request(3)))
    assert [running.steps(lane, epoch) for lane in (0, 1) for epoch in (1, 2)] == [0, 0, 4, 0]
    list(running.train_epoch({1: 2}, on_request(0)))
    assert [running.steps(lane, epoch) for lane in (0, 1) for epoch in (1, 2)] == [0, 0, 0, 1]


@pytest.mark.parametrize("stops", [(0,), (1,), (4,), (5,), (0, 0, 0), (2, 1, 0)])
def test_an_epoch_that_was_stopped_goes_on_where_it_was(
    stops: tuple[int, ...], tiny: Tiny, engine: MakeEngine
) -> None:
    trial = tiny(flip=True, dropout=0.3, log_every=3)
    whole = windows(engine(trial), {0: 1}, never)
    running = engine(trial)
    stop_requests = [*map(on_request, stops), never]
    parts = [window for stop in stop_requests for window in windows(running, {0: 1}, stop)]
    assert parts == whole
    assert not windows(running, {0: 1}, never)


def test_lanes_in_different_epochs_are_the_trials_alone(tiny: Tiny, engine: MakeEngine) -> None:
    trials = [tiny(seed=1, crop=True, lr_decay=0.5), tiny(seed=2, dropout=0.4, lr_decay=0.7)]
    together = engine(*trials)
    ahead = windows(together, {1: 1}, never) + windows(together, {1: 2}, never)
    found = list(together.train_epoch({1: 3, 0: 1}, never))
    alone = [engine(trial) for trial in trials]
    first = windows(alone[0], {0: 1}, never)
    second = [window for epoch in (1, 2, 3) for window in windows(alone[1], {0: epoch}, never)]
    assert [(w.steps, w.train_loss[1]) for w in found] == first
    assert ahead + [(w.steps, w.train_loss[0]) for w in found] == second


@pytest.mark.parametrize("asked_before", [0, 1, 2])
def test_an_evaluation_that_is_stopped_has_no_result_and_leaves_no_trace(
    asked_before: int, tiny: Tiny, engine: MakeEngine
) -> None:
    """Of two batches of training examples and one of test examples."""
    trial = tiny(model="alexnet", dropout=0.3)
    stopped, other = engine(trial), engine(trial)
    for running in (stopped, other):
        list(running.train_epoch({0: 1}, never))
    assert stopped.evaluate(0, on_request(asked_before)) is None
    assert stopped.evaluate(0, on_request(3)) == other.evaluate(0, never)
    assert windows(stopped, {0: 2}, never) == windows(other, {0: 2}, never)
