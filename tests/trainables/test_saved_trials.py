"""CheckpointPolicy as a worker sees them: bytes that come from one process and go to another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from math import inf
from pathlib import Path

import pytest

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.errors import CheckpointError
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Record, Steps

Tiny = Callable[..., ClassifierTrial]
Train = Callable[..., list[Record]]

CONTINUE = """
import json, sys
from pathlib import Path
from gensweep.trainables.registry import TRAINABLES, trial_from_config
from gensweep.trainables.context import Context

trial = trial_from_config("classifier", json.loads(sys.argv[1]))
content = Path(sys.argv[2]).read_bytes()
context = Context(Path("nowhere"), device="cpu", threads=1, saved={trial.trial_id: content}.get)
for _, record in TRAINABLES["classifier"].run([trial], context):
    print(json.dumps(vars(record)))
"""


def stop_after(times: int) -> Callable[[], bool]:
    answers = iter([False] * times)
    return lambda: next(answers, True)


def checkpoints(records: list[Record]) -> list[Checkpoint]:
    return [record for record in records if isinstance(record, Checkpoint)]


def comparable(records: list[Record]) -> list[Record]:
    return [
        Epoch(**{**vars(record), "seconds": 0.0}) if isinstance(record, Epoch) else record
        for record in records
        if isinstance(record, Steps | Epoch | Ended)
    ]


@pytest.mark.parametrize("settings", [{"dropout": 0.3}, {"model": "inception", "batch_size": 200}])
def test_a_trial_goes_on_in_a_new_process_as_if_nothing_had_happened(
    settings: dict[str, object], tiny: Tiny, train: Train, tmp_path: Path
) -> None:
    trial = tiny(flip=True, rotation=25, **settings)
    (checkpoint,) = checkpoints(train(trial, stop_after(2)))
    file = tmp_path / "checkpoint"
    file.write_bytes(checkpoint.content)
    command = [sys.executable, "-c", CONTINUE, json.dumps(trial.config()), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = [vars(record) for record in train(trial)]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(expected) == len(found)
    for one, other in zip(expected[1:], found[1:], strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_a_trial_that_was_never_saved_starts_from_the_beginning(tiny: Tiny, train: Train) -> None:
    trial = tiny()
    asked: list[str] = []
    records = train(trial, saved=asked.append)
    assert asked == [trial.trial_id]
    assert comparable(records) == comparable(train(trial))


def test_how_often_a_trial_is_saved_changes_nothing_but_that(tiny: Tiny, train: Train) -> None:
    trial = tiny(epochs=3, flip=True)
    often, never = train(trial, checkpoint_seconds=0.0), train(trial, checkpoint_seconds=inf)
    assert (len(checkpoints(often)), len(checkpoints(never))) == (3 * 3 + 2, 0)
    assert comparable(often) == comparable(never)


def test_a_trial_that_is_stopped_when_it_is_time_is_saved_once(tiny: Tiny, train: Train) -> None:
    records = train(tiny(), stop_after(2), checkpoint_seconds=0.0)
    assert [(saved.epoch, saved.step) for saved in checkpoints(records)] == [(1, 2), (1, 3)]


@pytest.mark.parametrize("lr", [1e4, 1e30])
def test_a_trial_diverges_at_the_same_step_from_whichever_checkpoint_it_continues(
    lr: float, tiny: Tiny, train: Train
) -> None:
    trial = tiny(epochs=9, lr=lr, batch_size=40, log_every=5)
    expected = train(trial, checkpoint_seconds=0.0)
    assert expected[-1].status == "diverged"  # type: ignore[union-attr]
    attempts = [expected, *(train(trial, stop_after(times)) for times in range(4))]
    contents = {saved.content for records in attempts for saved in checkpoints(records)}
    assert len(contents) >= 4
    for content in contents:
        continued = train(trial, saved=lambda _, content=content: content)
        assert comparable(continued) == comparable(expected)


def test_a_fit_is_found_at_the_same_epoch_after_an_interruption(tiny: Tiny, train: Train) -> None:
    trial = tiny(stop="fit", patience=3, epochs=40)
    expected = train(trial)
    assert expected[-1] == Ended("done", "training error 0")
    fitted = sum(isinstance(record, Epoch) for record in expected)
    for times in (9 * (fitted - 2) + 3, 9 * (fitted - 1) + 7):  # in the two epochs of patience
        (checkpoint,) = checkpoints(train(trial, stop_after(times)))
        continued = train(trial, saved=lambda _, content=checkpoint.content: content)
        assert comparable(continued) == comparable(expected)


def test_a_damaged_checkpoint_is_an_error_before_the_first_record(tiny: Tiny, train: Train) -> None:
    trial = tiny()
    (checkpoint,) = checkpoints(train(trial, stop_after(3)))
    with pytest.raises(CheckpointError, match=f"checkpoint of trial {trial.trial_id}: it is dam"):
        train(trial, saved=lambda _: checkpoint.content[:-1])
    with pytest.raises(CheckpointError, match=f"belongs to trial {trial.trial_id}"):
        train(tiny(seed=1), saved=lambda _: checkpoint.content)
