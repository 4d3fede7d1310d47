from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.errors import (
    CheckpointError,
    DataError,
    DeviceMemoryError,
    GensweepError,
    TrialError,
)
from gensweep.trainables.records import Ended, Started
from gensweep.trainables.registry import TRAINABLES, trial_from_config


def test_a_trainable_runs_its_trials_and_says_whose_records_they_are(data_dir: Path) -> None:
    trials = [
        trial_from_config(
            "classifier", {"model": "mlp_1x512", "dataset": "synthetic", "epochs": 1, "seed": seed}
        )
        for seed in (0, 1)
    ]
    records = list(TRAINABLES["classifier"].run(trials, Context(data_dir, device="cpu")))
    for trial in trials:
        own = [record for trial_id, record in records if trial_id == trial.trial_id]
        assert own[0] == Started(own[0].device, parameters=103_946)  # type: ignore[union-attr]
        assert own[-1] == Ended("done")
    assert {trial_id for trial_id, _ in records} == {trial.trial_id for trial in trials}


def test_a_setting_that_is_unknown_is_refused() -> None:
    with pytest.raises(TypeError, match="weight_decoy"):
        trial_from_config("classifier", {"model": "alexnet", "weight_decoy": 1e-4})


def test_a_trial_crosses_a_process_border_whole() -> None:
    trial = ClassifierTrial(model="alexnet", randomization="partial_labels", corruption=0.5)
    assert trial.trial_id  # kept, once asked for
    again = pickle.loads(pickle.dumps(trial))
    assert again == trial
    assert again.trial_id == trial.trial_id


@pytest.mark.parametrize(
    "kind", [GensweepError, DataError, TrialError, CheckpointError, DeviceMemoryError]
)
def test_an_error_crosses_a_process_border_whole(kind: type[GensweepError]) -> None:
    error = kind("trial", "lr is -1", "above 0", "correct the sweep file")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert (again.where, again.what, again.allowed, again.todo) == (
        "trial",
        "lr is -1",
        "above 0",
        "correct the sweep file",
    )


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (("device", "cuda is not there"), "device: cuda is not there"),
        (("device", "what", "allowed", "todo"), "device: what; allowed; todo"),
        (("device", "what", "", "todo"), "device: what; todo"),
        (("", "what", "allowed"), "what; allowed"),
    ],
)
def test_an_error_is_one_line_of_the_parts_it_has(parts: tuple[str, ...], line: str) -> None:
    assert str(GensweepError(*parts)) == line
