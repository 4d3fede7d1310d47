"""A results folder of made-up trials, written through the real writer's rows."""

from __future__ import annotations

import random

import pyarrow as pa

from orchestrator.store.files import publish_table
from orchestrator.store.layout import Store
from orchestrator.store.rows import config_row, epoch_rows, outcome_row, sweep_rows
from orchestrator.store.schemas import LIVE
from trainables.records import Epoch
from trainables.trial import ClassifierTrial

_MODELS = ("inception", "alexnet", "mlp_3x512", "mlp_1x512")
_STEPS_PER_EPOCH = 391


def fill(store: Store, trials: int, epochs: int) -> None:
    """Write this many finished trials: four models, eleven values of p, as many seeds as needed."""
    cells = [(model, p / 10) for model in _MODELS for p in range(11)]
    made = []
    for index in range(trials):
        model, p = cells[index % len(cells)]
        trial = ClassifierTrial(
            model=model,
            randomization="partial_labels",
            corruption=p,
            seed=index // len(cells),
            epochs=epochs,
        )
        made.append(trial)
        curve = _curve(trial, epochs)
        row = {
            **config_row(trial),
            **outcome_row(trial, curve, wall_seconds=float(epochs)),
            "status": "done",
            "attempts": 1,
            "epoch_rows": epoch_rows(curve),
            "step_rows": [
                {"step": step, "train_loss": 1.0}
                for step in range(100, epochs * _STEPS_PER_EPOCH, 100)
            ],
        }
        publish_table(store.live_file(trial.trial_id), pa.Table.from_pylist([row], schema=LIVE))
    publish_table(
        store.sweep_file("made"),
        sweep_rows("made", [(t, ["figure_1b", "figure_1c"]) for t in made]),
    )


def _curve(trial: ClassifierTrial, epochs: int) -> list[Epoch]:
    """Errors that fall to 0 at an epoch of the trial's own."""
    rng = random.Random(trial.trial_id)
    fit = rng.randrange(epochs // 2, 2 * epochs)
    curve = []
    for epoch in range(1, epochs + 1):
        error = max(0.0, 0.9 * (1 - epoch / fit))
        curve.append(
            Epoch(
                epoch=epoch,
                step=epoch * _STEPS_PER_EPOCH,
                lr=trial.lr_in(epoch),
                train_loss=3 * error,
                train_error=error,
                test_loss=2.0,
                test_error=0.9 - 0.4 * rng.random(),
                corrupted_train_error=error,
                clean_train_error=error,
                memorized_fraction=1 - error,
                recovered_fraction=0.0,
                seconds=1.0,
            )
        )
    return curve
