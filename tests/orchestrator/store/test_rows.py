"""What a row says follows from the trial and its epochs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.orchestrator.store.rows import config_row, outcome_row, sweep_rows, trial_from_row
from gensweep.orchestrator.store.schemas import CONFIG, SWEEP
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.records import Epoch

ERRORS = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0.0, 1.0)
CURVE = st.lists(
    st.tuples(ERRORS, ERRORS, st.none() | ERRORS, st.floats(1e-3, 1e3)), min_size=1, max_size=12
)
TRIAL = ClassifierTrial(model="mlp_1x512", dataset="synthetic")


@given(curve=CURVE)
def test_the_outcome_is_what_a_plain_search_through_the_epochs_finds(
    curve: list[tuple[float, float, float | None, float]], epoch: Callable[..., Epoch]
) -> None:
    epochs = [
        epoch(
            n,
            train_error=train,
            test_error=test,
            seconds=seconds,
            train_top5_error=top5,
            test_top5_error=top5,
        )
        for n, (train, test, top5, seconds) in enumerate(curve, start=1)
    ]
    expected: dict[str, Any] = {"fit_epoch": None, "fit_step": None, "best_test_error": 2.0}
    expected["best_test_top5_error"] = None
    images = 0
    for e in epochs:
        images += 512
        if e.train_error == 0 and expected["fit_epoch"] is None:
            expected |= {"fit_epoch": e.epoch, "fit_step": e.step}
        if e.test_error < expected["best_test_error"]:
            expected |= {"best_test_error": e.test_error, "best_test_epoch": e.epoch}
        best, top5 = expected["best_test_top5_error"], e.test_top5_error
        if best is None or (top5 is not None and top5 < best):
            expected["best_test_top5_error"] = top5
        expected |= {
            "final_train_top5_error": top5,
            "final_test_top5_error": top5,
            "epochs": e.epoch,
            "steps": e.step,
            "final_train_loss": e.train_loss,
            "final_train_error": e.train_error,
            "final_test_error": e.test_error,
        }
    found = outcome_row(TRIAL, epochs, wall_seconds=99.0)
    speed = found.pop("images_per_second")
    assert speed == pytest.approx(images / sum(seconds for *_, seconds in curve))
    assert found == {**expected, "wall_seconds": 99.0}


def test_before_the_first_epoch_there_is_no_outcome() -> None:
    assert outcome_row(TRIAL, [], 3.0) == {"epochs": 0, "steps": 0, "wall_seconds": 3.0}


TRIALS = st.fixed_dictionaries(
    {"model": st.sampled_from(["inception", "mlp_3x512", "resnet18"])},
    optional={
        "dataset": st.sampled_from(sorted(DATASETS)),
        "randomization": st.sampled_from(["true_labels", "partial_labels", "gaussian"]),
        "corruption": st.floats(0.0, 1.0),
        "seed": st.integers(0, 2**31),
        "lr": st.floats(1e-300, 1e300),
        "crop": st.booleans(),
        "batch_norm": st.booleans(),
        "weight_decay": st.floats(0.0, 1.0),
        "stop": st.sampled_from(["epochs", "fit"]),
        "patience": st.integers(1, 9),
    },
)


@given(fields=TRIALS)
def test_a_trial_can_be_built_again_from_its_row(fields: dict[str, Any]) -> None:
    try:
        trial = ClassifierTrial(**fields)
    except TrialError:  # a crop without a margin
        return
    table = pa.Table.from_pylist([config_row(trial)], schema=CONFIG)
    (row,) = table.to_pylist()
    again = trial_from_row(row)
    assert again == trial
    assert again.trial_id == row["trial_id"]


def test_every_field_of_a_trial_is_a_column_or_in_its_config() -> None:
    trial = ClassifierTrial(model="inception", patience=3, stop="fit", log_every=7, dropout=0.5)
    row = config_row(trial)
    settings_ = {"max_epochs" if k == "epochs" else k: v for k, v in asdict(trial).items()}
    assert settings_.items() <= row.items()
    assert set(CONFIG.names) - {"theory_settings"} <= set(row)
    assert json.loads(row["config"]) == trial.config()


def test_a_sweep_has_a_row_per_trial_and_feed_and_one_without_a_feed() -> None:
    a, b = (ClassifierTrial(model="mlp_1x512", seed=seed) for seed in (1, 2))
    table = sweep_rows("figure_1", [(a, ("figure_1b", "figure_1c")), (b, ())])
    assert table.schema.equals(SWEEP)
    assert [(r["sweep"], r["trial_id"], r["feed"], r["seed"]) for r in table.to_pylist()] == [
        ("figure_1", a.trial_id, "figure_1b", 1),
        ("figure_1", a.trial_id, "figure_1c", 1),
        ("figure_1", b.trial_id, None, 2),
    ]
