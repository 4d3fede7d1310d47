"""The rules for trials that continue, on an engine whose every figure is written down.

The clock advances by a second whenever the loop asks whether to stop: 20 times in an epoch's
training, once in its evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nan
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.classifier.checkpoint import Saved, deserialize
from gensweep.trainables.classifier.training import CheckpointPolicy, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.errors import CheckpointError
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Record, Started, Steps

Tiny = Callable[..., ClassifierTrial]
MakeScripted = Callable[..., Any]
Records = dict[str, list[Record]]
Attempt = Callable[..., Records]


@pytest.fixture(scope="module")
def attempt(clock: SimpleNamespace) -> Attempt:
    """Run trials from checkpoints, until told to stop after so many seconds; records by trial."""

    def run(
        engine: Any,
        *trials: ClassifierTrial,
        contents: Mapping[str, bytes] | None = None,
        stop_after: float = inf,
    ) -> Records:
        clock.now += 12345.0  # between two attempts nothing runs
        until = clock.now + stop_after

        def should_stop() -> bool:
            clock.now += 1.0
            return bool(clock.now > until)

        def saved(trial: ClassifierTrial) -> Any:
            content = (contents or {}).get(trial.trial_id)
            return content and deserialize(content, trial)

        records: Records = {trial.trial_id: [] for trial in trials}
        for trial_id, record in fit(trials, engine, should_stop, CheckpointPolicy(saved)):
            records[trial_id].append(record)
        return records

    return run


def contents(records: Records) -> dict[str, bytes]:
    return {
        trial_id: record.content
        for trial_id, own in records.items()
        for record in own
        if isinstance(record, Checkpoint)
    }


def reported(records: list[Record]) -> list[Record]:
    return [record for record in records if isinstance(record, Steps | Epoch | Ended)]


def without_times(records: list[Record]) -> list[Record]:
    return [
        Epoch(**{**vars(record), "seconds": 0.0}) if isinstance(record, Epoch) else record
        for record in reported(records)
    ]


@given(
    errors=st.lists(st.sampled_from([0.0, 0.0, 0.5]), min_size=1, max_size=6),
    patience=st.integers(1, 3),
    stops=st.lists(st.integers(0, 70), max_size=3),
)
def test_a_fit_is_found_where_it_would_have_been_found_without_interruptions(
    tiny: Tiny,
    scripted: MakeScripted,
    attempt: Attempt,
    errors: list[float],
    patience: int,
    stops: list[int],
) -> None:
    trial = tiny(stop="fit", patience=patience, epochs=6)
    script = {"errors": errors, "losses": (3.0, 2.0)}
    records = attempt(scripted(script), trial)
    expected = reported(records[trial.trial_id])
    left: dict[str, bytes] = {}
    for stop_after in [*stops, inf]:
        records = attempt(scripted(script), trial, contents=left, stop_after=stop_after)
        left = contents(records)
        if not left:
            break
    assert reported(records[trial.trial_id]) == expected


@pytest.mark.parametrize("stop_after", [0, 8, 9, 19, 20, 21, 30, 40, 41, 42])
def test_times_add_up_over_the_attempts(
    stop_after: int, tiny: Tiny, scripted: MakeScripted, attempt: Attempt
) -> None:
    trial = tiny(epochs=3)
    first = attempt(scripted({}), trial, stop_after=stop_after)
    second = attempt(scripted({}), trial, contents=contents(first), stop_after=3)
    third = attempt(scripted({}), trial, contents=contents(second))
    taken, epochs = 0.0, 0
    for records, seconds in (first, stop_after + 1), (second, 4), (third, 0):
        assert records[trial.trial_id][0] == Started("paper", 7, seconds=taken, epoch=epochs)
        taken += seconds
        ended = [r for r in records[trial.trial_id] if isinstance(r, Epoch)]
        assert {record.seconds for record in ended} <= {20.0}
        epochs = len(ended)


@pytest.mark.parametrize("stop_after", [0, 8, 9, 10, 18])
def test_a_trial_diverges_where_it_would_have_without_the_interruption(
    stop_after: int, tiny: Tiny, scripted: MakeScripted, attempt: Attempt
) -> None:
    trial, script = tiny(), {"losses": (1.0, nan)}
    left = contents(attempt(scripted(script), trial, stop_after=stop_after))
    last = attempt(scripted(script), trial, contents=left)
    assert reported(last[trial.trial_id]) == [
        Steps(10, 1.0),
        Ended("diverged", "training loss is nan at step 20"),
    ]


def test_a_trial_that_diverges_as_it_is_stopped_has_diverged(
    tiny: Tiny, scripted: MakeScripted, attempt: Attempt
) -> None:
    trial = tiny()
    records = attempt(scripted({"losses": (1.0, nan)}), trial, stop_after=19)
    assert records[trial.trial_id][-1] == Ended("diverged", "training loss is nan at step 20")
    assert not contents(records)


def test_a_trial_stopped_in_its_last_evaluation_has_only_that_left(
    tiny: Tiny, scripted: MakeScripted, attempt: Attempt
) -> None:
    trial, engine = tiny(epochs=2), scripted({})
    first = attempt(scripted({}), trial, stop_after=41)
    assert first[trial.trial_id][-1] == Ended("interrupted", "stopped in epoch 2")
    last = attempt(engine, trial, contents=contents(first))
    assert (engine.windows, engine.evaluated) == (0, [0])
    assert last[trial.trial_id][-1] == Ended("done")
    assert not contents(last)


@pytest.mark.parametrize("setting", [{"epochs": 1}, {"epochs": 9, "stop": "fit"}], ids=str)
def test_a_trial_that_was_over_when_it_was_saved_is_over(
    setting: dict[str, Any], tiny: Tiny, scripted: MakeScripted
) -> None:
    """The loop saves no such trial; should there be one, it must not be trained any further."""
    trial, engine = tiny(**setting), scripted({"errors": [0.0]})
    _, *rows, measures, ended = (record for _, record in fit([trial], engine, lambda: False))
    saved = Saved(trial.trial_id, {}, 21.0, 0.0, rows, {"position": [1, 20]})  # type: ignore[arg-type]
    again = scripted({"errors": [0.0]})
    found = [r for _, r in fit([trial], again, lambda: False, CheckpointPolicy(lambda _: saved))]
    assert found == [Started("paper", 7, 21.0, 1), *rows, measures, ended]
    assert not again.trained


def test_trials_inside_an_epoch_finish_it_before_all_go_side_by_side(
    tiny: Tiny, scripted: MakeScripted, attempt: Attempt
) -> None:
    trials = [tiny(epochs=4, seed=seed) for seed in range(5)]
    left: dict[str, bytes] = {}
    for trial, stop_after in zip(trials, (4, 35, 26, 4, 20), strict=False):
        left |= contents(attempt(scripted({}), trial, stop_after=stop_after))
    del left[trials[0].trial_id]
    engine = scripted(*[{}] * 5)
    records = attempt(engine, *trials, contents=left)
    assert engine.trained[:4] == [{4: 1}, {1: 2}, {2: 2}, {3: 1}]
    assert engine.trained[4:] == [
        {0: 1, 1: 3, 2: 3, 3: 2, 4: 2},
        {0: 2, 1: 4, 2: 4, 3: 3, 4: 3},
        {0: 3, 3: 4, 4: 4},
        {0: 4},
    ]
    for trial in trials:
        expected = attempt(scripted({}), trial)[trial.trial_id]
        assert without_times(records[trial.trial_id]) == without_times(expected)


@given(
    lanes=st.lists(
        st.tuples(
            st.integers(1, 4),
            st.lists(st.sampled_from([0.0, 0.5]), min_size=1, max_size=4),
            st.sampled_from([(1.0, 1.0), (1.0, 1.0), (1.0, nan)]),
        ),
        min_size=2,
        max_size=4,
    ),
    stops=st.lists(st.integers(0, 50), max_size=3),
)
def test_trials_side_by_side_report_what_each_reports_alone_however_often_stopped(
    tiny: Tiny, scripted: MakeScripted, attempt: Attempt, lanes: Any, stops: list[int]
) -> None:
    scripts = {
        tiny(epochs=epochs, stop="fit", seed=seed): {"errors": errors, "losses": losses}
        for seed, (epochs, errors, losses) in enumerate(lanes)
    }
    found: Records = {}
    left: dict[str, bytes] = {}
    unfinished = list(scripts)
    for stop_after in [*stops, inf]:
        engine = scripted(*(scripts[trial] for trial in unfinished))
        records = attempt(engine, *unfinished, contents=left, stop_after=stop_after)
        found |= records
        left = contents(records)
        unfinished = [trial for trial in unfinished if trial.trial_id in left]
    for trial, script in scripts.items():
        expected = attempt(scripted(script), trial)[trial.trial_id]
        assert without_times(found[trial.trial_id]) == without_times(expected)


def test_stopping_also_saves_trials_whose_turn_had_not_come(
    tiny: Tiny, scripted: MakeScripted, attempt: Attempt
) -> None:
    ahead, behind, new = (tiny(seed=seed) for seed in range(3))
    left = contents(attempt(scripted({}), ahead, stop_after=14))
    left |= contents(attempt(scripted({}), behind, stop_after=2))
    records = attempt(scripted({}, {}, {}), ahead, behind, new, contents=left, stop_after=1)
    for trial, epoch, step in ((ahead, 1, 17), (behind, 1, 3), (new, 0, 0)):
        *_, checkpoint, ended = records[trial.trial_id]
        assert isinstance(checkpoint, Checkpoint)
        assert (checkpoint.epoch, checkpoint.step) == (epoch, step)
        assert ended == Ended("interrupted", f"stopped in epoch {epoch}")


def test_a_checkpoint_that_cannot_be_continued_is_an_error_before_the_first_record(
    tiny: Tiny, scripted: MakeScripted, attempt: Attempt
) -> None:
    good, bad = tiny(seed=0), tiny(seed=1)
    content = contents(attempt(scripted({}), good, stop_after=14))[good.trial_id]

    def saved(trial: ClassifierTrial) -> Saved:
        return deserialize(content, trial)

    with pytest.raises(CheckpointError, match=bad.trial_id):
        next(fit([good, bad], scripted({}, {}), lambda: False, CheckpointPolicy(saved)))
