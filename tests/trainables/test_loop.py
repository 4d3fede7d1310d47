"""The rules of the loop, on an engine whose every figure is written down beforehand."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest

from gensweep.trainables.classifier.training import fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Record, Started, Steps

Tiny = Callable[..., ClassifierTrial]
MakeScripted = Callable[..., Any]


def run(
    engine: Any, *trials: ClassifierTrial, should_stop: Callable[[], bool] = lambda: False
) -> dict[str, list[Record]]:
    records: dict[str, list[Record]] = {trial.trial_id: [] for trial in trials}
    for trial_id, record in fit(trials, engine, should_stop):
        records[trial_id].append(record)
    return records


def alone(engine: Any, trial: ClassifierTrial) -> list[Record]:
    return run(engine, trial)[trial.trial_id]


@pytest.mark.parametrize(
    ("errors", "patience", "epochs", "reason"),
    [
        ([0.0], 1, 1, "training error 0"),
        ([0.2, 0.0], 1, 2, "training error 0"),
        ([0.2, 0.0], 3, 4, "training error 0"),
        ([0.2, 0.0, 0.1, 0.0, 0.0, 0.3], 2, 5, "training error 0"),
        ([0.0, 0.1, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1], 2, 8, ""),
        ([1e-5], 1, 8, ""),
    ],
)
def test_a_fit_is_as_many_epochs_of_training_error_0_in_a_row_as_patience_says(
    errors: list[float],
    patience: int,
    epochs: int,
    reason: str,
    tiny: Tiny,
    scripted: MakeScripted,
) -> None:
    engine = scripted({"errors": errors})
    records = alone(engine, tiny(stop="fit", patience=patience, epochs=8))
    assert sum(isinstance(record, Epoch) for record in records) == epochs
    assert records[-1] == Ended("done", reason)


def test_an_epoch_reports_what_was_evaluated(tiny: Tiny, scripted: MakeScripted) -> None:
    trial = tiny(epochs=1, lr=0.25)
    engine = scripted({"errors": [0.4], "losses": (3.0, 2.0)})
    started, *steps, epoch, _, _ = alone(engine, trial)
    assert started == Started("paper", 7)
    assert steps == [Steps(10, 3.0), Steps(20, 2.0)]
    assert isinstance(epoch, Epoch)
    assert epoch.seconds >= 0
    assert Epoch(**{**vars(epoch), "seconds": 0.0}) == Epoch(
        epoch=1,
        step=20,
        lr=0.25,
        train_loss=1.0,
        train_error=0.4,
        test_loss=2.0,
        test_error=0.9,
        corrupted_train_error=1.0 - 0.7,
        clean_train_error=0.1,
        memorized_fraction=0.7,
        recovered_fraction=0.2,
        seconds=0.0,
    )


def test_trials_side_by_side_end_each_in_its_own_time(tiny: Tiny, scripted: MakeScripted) -> None:
    trials = tiny(epochs=3), tiny(epochs=1), tiny(epochs=2, seed=1)
    engine = scripted({}, {}, {})
    records = run(engine, *trials)
    assert engine.trained == [{0: 1, 1: 1, 2: 1}, {0: 2, 2: 2}, {0: 3}]
    assert engine.evaluated == [0, 1, 2, 0, 2, 0]
    for trial in trials:
        assert [r.step for r in records[trial.trial_id] if isinstance(r, Epoch)] == [
            20 * epoch for epoch in range(1, trial.epochs + 1)
        ]
        assert records[trial.trial_id][-1] == Ended("done")


@pytest.mark.parametrize("loss", [nan, inf, -inf])
def test_a_trial_that_diverges_does_not_disturb_its_neighbour(
    loss: float, tiny: Tiny, scripted: MakeScripted
) -> None:
    sick, well = tiny(seed=0), tiny(seed=1)
    engine = scripted({"losses": (1.0, loss, 1.0)}, {"losses": (1.0, 1.0, 1.0)})
    records = run(engine, sick, well)
    assert records[sick.trial_id] == [
        Started("paper", 7),
        Steps(10, 1.0),
        Ended("diverged", f"training loss is {loss} at step 20"),
    ]
    assert engine.trained == [{0: 1, 1: 1}, {1: 2}]
    assert 0 not in engine.evaluated
    assert sum(isinstance(r, Steps) for r in records[well.trial_id]) == 6
    assert records[well.trial_id][-1] == Ended("done")


def test_an_epoch_is_not_finished_once_all_have_diverged(
    tiny: Tiny, scripted: MakeScripted
) -> None:
    engine = scripted(*[{"losses": (nan, 1.0, 1.0)}] * 2)
    run(engine, tiny(seed=0), tiny(seed=1))
    assert engine.windows == 1


@pytest.mark.parametrize("loss", [nan, inf])
def test_a_trial_that_diverges_in_its_last_step_ends_without_a_row(
    loss: float, tiny: Tiny, scripted: MakeScripted
) -> None:
    records = alone(scripted({"evaluated_loss": loss}), tiny())
    assert [type(record) for record in records] == [Started, Steps, Steps, Ended]
    assert records[-1] == Ended("diverged", f"loss over the training set is {loss}")


def test_stopping_interrupts_every_trial_that_is_not_over(
    tiny: Tiny, scripted: MakeScripted
) -> None:
    sick, well = tiny(seed=0), tiny(seed=1)
    engine = scripted({"losses": (nan, 1.0, 1.0)}, {"losses": (1.0, 1.0, 1.0)})
    records = run(engine, sick, well, should_stop=lambda: engine.windows == 2)
    assert records[sick.trial_id][-1].status == "diverged"  # type: ignore[union-attr]
    assert not any(isinstance(record, Checkpoint) for record in records[sick.trial_id])
    *reported, checkpoint, ended = records[well.trial_id]
    assert reported == [Started("paper", 7), Steps(10, 1.0), Steps(20, 1.0)]
    assert isinstance(checkpoint, Checkpoint)
    assert (checkpoint.epoch, checkpoint.step) == (1, 20)
    assert ended == Ended("interrupted", "stopped in epoch 1")
    assert engine.windows == 2
    assert not engine.evaluated
