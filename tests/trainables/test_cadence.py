"""When a running trial is saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.classifier.training import CheckpointPolicy, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Measures, Record, Steps

Tiny = Callable[..., ClassifierTrial]
Run = Callable[..., list[tuple[float, Record]]]

EPOCHS = 5


@pytest.fixture(scope="module")
def run(clock: SimpleNamespace, tiny: Tiny, scripted: Callable[..., Any]) -> Run:
    """Records with the times they came at; a step or an evaluation takes a second."""

    def timed(
        seconds: float, seeds: int = 1, saving: float = 0.0, asked: Sequence[float] = ()
    ) -> list[tuple[float, Record]]:
        start = clock.now

        def should_stop() -> bool:
            clock.now += 1.0
            return False

        def count() -> int:
            return sum(0 < at <= clock.now - start for at in asked)

        trials = [tiny(epochs=EPOCHS, seed=seed) for seed in range(seeds)]
        engine = scripted(*[{}] * seeds)
        records = []
        policy = CheckpointPolicy(seconds=seconds, asked=count)
        for _, record in fit(trials, engine, should_stop, policy):
            records.append((clock.now - start, record))
            clock.now += saving if isinstance(record, Checkpoint) else 0.0
        return records

    return timed


def times(records: list[tuple[float, Record]], *kinds: type[Record]) -> list[float]:
    return [at for at, record in records if isinstance(record, kinds)]


@given(seconds=st.floats(0.0, 150.0))
def test_a_trial_is_saved_at_the_first_window_or_epoch_to_end_once_it_is_time(
    run: Run, seconds: float
) -> None:
    records = run(seconds)
    expected, last = [], 0.0
    for at, record in records:
        over = isinstance(record, Epoch) and record.epoch == EPOCHS
        if isinstance(record, Steps | Epoch) and not over and at - last >= seconds:
            expected.append(at)
            last = at
    assert times(records, Checkpoint) == expected


def test_at_0_seconds_every_end_of_a_window_and_of_an_epoch_is_saved(run: Run) -> None:
    records = run(0.0)
    kinds = [type(record) for _, record in records[1:]]
    epoch = [Steps, Checkpoint, Steps, Checkpoint, Epoch, Checkpoint]
    assert kinds == [*(epoch * EPOCHS)[:-1], Measures, Ended]


def test_at_infinitely_many_seconds_nothing_is_saved(run: Run) -> None:
    assert not times(run(inf), Checkpoint)


def test_trials_side_by_side_are_saved_together(run: Run) -> None:
    records = [record for _, record in run(45.0, seeds=3)]
    saved = [type(record) is Checkpoint for record in records]
    first = saved.index(True)
    assert saved[first : first + 4] == [True, True, True, False]
    assert sum(saved) % 3 == 0


def test_the_time_that_saving_takes_does_not_count_as_time_since(run: Run) -> None:
    """So that a slow disk cannot bring training to a halt."""
    at = times(run(5.0, saving=60.0), Checkpoint)
    assert all(later - earlier >= 65.0 for earlier, later in pairwise(at))
    assert len(at) > 5


@given(asked=st.lists(st.integers(0, 200), unique=True, max_size=4))
def test_trials_that_are_asked_for_a_checkpoint_give_it_after_their_step_and_go_on(
    run: Run, asked: list[int]
) -> None:
    """Whether a step ends a window, an epoch or neither."""
    undisturbed = [record for _, record in run(inf, seeds=2)]
    records = run(inf, seeds=2, asked=asked)
    kept = [record for _, record in records if not isinstance(record, Checkpoint)]
    assert list(map(plain, kept)) == list(map(plain, undisturbed))
    last = records[-1][0]
    due = [at for at in asked if 0 < at < last]
    saved = times(records, Checkpoint)
    assert saved[::2] == saved[1::2]  # side by side
    # An evaluation is not cut short for it, and takes a second or two.
    assert all(any(0 <= at - time <= 3 for at in saved) for time in due if time < last - 3)
    assert len(saved[::2]) <= len(due)


def plain(record: Record) -> object:
    return replace(record, seconds=0.0) if isinstance(record, Epoch) else record
