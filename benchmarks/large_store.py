"""Generates a large results folder: compacted tables, published by the store's own code."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.generations import replace_rows
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import config_row, sweep_rows
from gensweep.orchestrator.store.schemas import EPOCHS, STEPS, TRIALS, conform
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.trainables.classifier.trial import ClassifierTrial

SEEDS = 5
STEPS_PER_EPOCH = 391
_MODELS = ("inception", "alexnet", "mlp_3x512", "mlp_1x512")
_PART = 2_000  # trials published at a time, to bound the memory


def make(store: Store, settings: int, epochs: int) -> None:
    """This many settings with SEEDS finished trials each: all models and randomizations, eleven p,
    with and without weight decay, and then other learning rates."""
    trials = list(itertools.islice(_trials(epochs), settings * SEEDS))
    rng = np.random.default_rng(0)
    for start in range(0, len(trials), _PART):
        _publish(store, trials[start : start + _PART], epochs, rng)
    feeds = ["figure_1a", "figure_1b", "figure_1c", "table_1"]
    publish_table(
        store.root, store.sweep_file("made"), sweep_rows("made", [(t, feeds) for t in trials])
    )


def _trials(epochs: int) -> Iterator[ClassifierTrial]:
    data = [("partial_labels", p / 10) for p in range(11)]
    data += [(name, 0.0) for name in ("shuffled_pixels", "random_pixels", "gaussian")]
    for step in itertools.count():
        for (randomization, p), decay, model, seed in itertools.product(
            data, (0.0, 5e-4), _MODELS, range(SEEDS)
        ):
            yield ClassifierTrial(
                model=model,
                randomization=randomization,
                corruption=p,
                weight_decay=decay,
                seed=seed,
                epochs=epochs,
                lr=0.01 * 2.0**-step,
            )


def _publish(
    store: Store, trials: Sequence[ClassifierTrial], epochs: int, rng: np.random.Generator
) -> None:
    epoch = np.arange(1, epochs + 1)
    fit = rng.integers(epochs // 2, 2 * epochs, len(trials))[:, None]
    train = np.maximum(0.0, 0.9 * (1 - epoch / fit))
    test = np.clip(train + 0.3 + 0.1 * rng.random(train.shape), 0.0, 1.0)
    ids = pa.array([trial.trial_id for trial in trials])
    tables = {
        "trials": pa.Table.from_pylist(
            [
                {**config_row(t), **_outcome(epoch, a, b)}
                for t, a, b in zip(trials, train, test, strict=True)
            ],
            schema=TRIALS,
        ),
        "epochs": _rows(
            EPOCHS,
            ids,
            epochs,
            epoch=epoch,
            step=epoch * STEPS_PER_EPOCH,
            lr=0.01 * 0.95 ** (epoch - 1),
            train_loss=3 * train,
            train_error=train,
            test_loss=3 * test,
            test_error=test,
            corrupted_train_error=train,
            clean_train_error=train / 2,
            memorized_fraction=1 - train,
            recovered_fraction=train / 2,
            seconds=np.ones(epochs),
            best_test_error=np.minimum.accumulate(test, axis=1),
        ),
        "steps": _rows(STEPS, ids, epochs, step=epoch * STEPS_PER_EPOCH, train_loss=3 * train),
    }
    replace_rows(take_snapshot(store), tables, lambda: None)


def _rows(schema: pa.Schema, ids: pa.Array, epochs: int, **columns: np.ndarray) -> pa.Table:
    """A row per trial and epoch; a column is given per epoch, or per trial and epoch."""
    repeated = ids.take(pa.array(np.repeat(np.arange(len(ids)), epochs)))
    flat = {
        name: np.broadcast_to(values, (len(ids), epochs)).ravel()
        for name, values in columns.items()
    }
    return conform(pa.table({"trial_id": repeated, **flat}), schema)


def _outcome(epoch: np.ndarray, train: np.ndarray, test: np.ndarray) -> dict[str, object]:
    fitted = np.flatnonzero(train == 0.0)
    best = int(test.argmin())
    return {
        "status": "done",
        "attempts": 1,
        "epochs": len(epoch),
        "steps": len(epoch) * STEPS_PER_EPOCH,
        "fit_epoch": int(epoch[fitted[0]]) if len(fitted) else None,
        "fit_step": int(epoch[fitted[0]]) * STEPS_PER_EPOCH if len(fitted) else None,
        "final_train_loss": float(3 * train[-1]),
        "final_train_error": float(train[-1]),
        "final_test_error": float(test[-1]),
        "best_test_error": float(test[best]),
        "best_test_epoch": int(epoch[best]),
        "wall_seconds": float(len(epoch)),
        "images_per_second": 50_000.0,
        "weight_norm": float(10 + train.sum()),
        "initial_weight_norm": 10.0,
        "distance_from_initialization": float(train.sum()),
        "spectral_log_product": float(test[-1]),
        "margin_min": -1.0,
        "margin_p10": float(1 - train[-1]),
        "margin_median": 2.0,
    }
