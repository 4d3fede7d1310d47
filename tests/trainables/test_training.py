from __future__ import annotations

import math
from collections.abc import Callable
from itertools import groupby

import pytest

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Measures, Record, Started, Steps

Tiny = Callable[..., ClassifierTrial]
Train = Callable[..., list[Record]]


def of(kind: type[Record], records: list[Record]) -> list[Record]:
    return [record for record in records if isinstance(record, kind)]


def epochs(records: list[Record]) -> list[Epoch]:
    return [record for record in records if isinstance(record, Epoch)]


def without_times(records: list[Record]) -> list[Record]:
    return [
        Epoch(**{**vars(record), "seconds": 0.0}) if isinstance(record, Epoch) else record
        for record in records
    ]


def numbers(records: list[Record]) -> list[float]:
    return [v for r in records for v in vars(r).values() if isinstance(v, float)]


def test_a_trial_starts_once_logs_its_epochs_and_ends_once(tiny: Tiny, train: Train) -> None:
    records = train(tiny(epochs=3))
    kinds = [(kind, len(list(group))) for kind, group in groupby(map(type, records))]
    assert kinds == [(Started, 1), *[(Steps, 3), (Epoch, 1)] * 3, (Measures, 1), (Ended, 1)]
    assert records[-1] == Ended("done")


def test_epochs_count_from_1_and_steps_are_optimizer_updates(tiny: Tiny, train: Train) -> None:
    records = train(tiny(epochs=3, batch_size=100, log_every=4))
    assert [(e.epoch, e.step) for e in epochs(records)] == [(1, 6), (2, 12), (3, 18)]
    assert [record.step for record in of(Steps, records)] == [4, 6, 10, 12, 16, 18]


def test_every_epoch_tells_its_learning_rate(tiny: Tiny, train: Train) -> None:
    records = train(tiny(epochs=4, lr=0.02, lr_decay=0.5))
    assert [e.lr for e in epochs(records)] == pytest.approx([0.02, 0.01, 0.005, 0.0025])


def test_the_learning_rate_is_the_one_used(tiny: Tiny, train: Train) -> None:
    """With a decay so strong that nothing moves after the first epoch."""
    first, *later = epochs(train(tiny(epochs=3, lr_decay=1e-12, momentum=0.0)))
    for epoch in later:
        assert epoch.train_loss == pytest.approx(first.train_loss, abs=1e-6)
    moving = epochs(train(tiny(epochs=2, momentum=0.0)))
    assert moving[0].train_loss == first.train_loss
    assert moving[1].train_loss < first.train_loss - 0.1


def test_training_stops_at_a_fit_if_asked_to(tiny: Tiny, train: Train) -> None:
    records = train(tiny(epochs=50, stop="fit"))
    errors = [e.train_error for e in epochs(records)]
    assert errors[-1] == 0.0
    assert all(error > 0 for error in errors[:-1])
    assert len(errors) < 50
    assert records[-1] == Ended("done", "training error 0")


def test_patience_asks_for_as_many_fitted_epochs_in_a_row(tiny: Tiny, train: Train) -> None:
    errors = [e.train_error for e in epochs(train(tiny(epochs=50, stop="fit", patience=4)))]
    assert errors[-4:] == [0.0] * 4
    assert [len(list(run)) for error, run in groupby(errors) if error == 0.0][-1] == 4


def test_training_goes_on_after_a_fit_unless_asked_to_stop(tiny: Tiny, train: Train) -> None:
    records = train(tiny(epochs=8))
    assert [e.train_error for e in epochs(records)][-3:] == [0.0] * 3
    assert len(epochs(records)) == 8


@pytest.mark.parametrize("lr", [100.0, 1e4, 1e30])
def test_a_trial_whose_loss_is_not_finite_ends_as_diverged(
    lr: float, tiny: Tiny, train: Train
) -> None:
    records = train(tiny(epochs=5, lr=lr))
    assert isinstance(records[-1], Ended)
    assert records[-1].status == "diverged"
    assert "loss" in records[-1].reason
    assert len(of(Ended, records)) == 1


@pytest.mark.parametrize("lr", [100.0, 1e4, 1e30])
@pytest.mark.parametrize("batch_size", [100, 512])
def test_no_row_of_a_diverged_trial_holds_a_number_that_is_not_finite(
    lr: float, batch_size: int, tiny: Tiny, train: Train
) -> None:
    records = train(tiny(epochs=12, lr=lr, batch_size=batch_size))
    assert records[-1].status == "diverged"  # type: ignore[union-attr]
    assert all(map(math.isfinite, numbers(records)))


@pytest.mark.parametrize(
    ("asked_before", "steps", "windows"),
    [(0, 1, 0), (1, 2, 1), (4, 5, 2), (5, 6, 3), (6, 6, 3), (8, 6, 3), (9, 7, 3), (14, 12, 6)],
)
def test_a_trial_that_is_stopped_ends_between_two_steps_as_interrupted(
    asked_before: int, steps: int, windows: int, tiny: Tiny, train: Train
) -> None:
    """Of 6 steps and 3 batches of evaluation to an epoch."""
    answers = iter([False] * asked_before + [True])
    *_, checkpoint, ended = records = train(tiny(epochs=5), should_stop=lambda: next(answers))
    epoch = asked_before // 9 + 1
    assert ended == Ended("interrupted", f"stopped in epoch {epoch}")
    assert isinstance(checkpoint, Checkpoint)
    assert (checkpoint.epoch, checkpoint.step) == (epoch, steps)
    assert len(of(Checkpoint, records)) == 1
    assert len(of(Steps, records)) == windows
    assert len(epochs(records)) == epoch - 1


def test_a_trial_run_twice_reports_the_same(tiny: Tiny, train: Train) -> None:
    trial = tiny(randomization="random_labels", dropout=0.2, crop=True)
    assert without_times(train(trial)) == without_times(train(trial))


def test_true_labels_have_no_corrupted_figures(tiny: Tiny, train: Train) -> None:
    for epoch in epochs(train(tiny())):
        assert epoch.corrupted_train_error is None
        assert epoch.memorized_fraction is None
        assert epoch.recovered_fraction is None
        assert epoch.clean_train_error == epoch.train_error


def test_corrupted_and_clean_examples_add_up(tiny: Tiny, train: Train, synthetic: Dataset) -> None:
    trial = tiny(randomization="partial_labels", corruption=0.4, epochs=4)
    truth = synthetic.train_labels
    share = (corrupt_labels(truth, 10, 0.4, trial.seed) != truth).mean()
    for e in epochs(train(trial)):
        assert e.train_error == pytest.approx(
            share * e.corrupted_train_error + (1 - share) * e.clean_train_error
        )
        assert e.corrupted_train_error == pytest.approx(1 - e.memorized_fraction)
        assert e.memorized_fraction + e.recovered_fraction <= 1 + 1e-12


def test_random_labels_are_fitted_and_generalize_to_nothing(tiny: Tiny, train: Train) -> None:
    trial = tiny(randomization="random_labels", epochs=80, stop="fit", lr=0.03, lr_decay=1.0)
    records = train(trial)
    assert records[-1] == Ended("done", "training error 0")
    last = epochs(records)[-1]
    assert (last.memorized_fraction, last.recovered_fraction) == (1.0, 0.0)
    assert last.test_error > 0.75
