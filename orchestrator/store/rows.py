"""Trials and their records as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

import pyarrow as pa

from gensweep.orchestrator.store.schemas import SWEEP
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.records import Epoch, Examples
from gensweep.trainables.registry import known_trial
from gensweep.trainables.trial import Trial, content_hash

Row = dict[str, Any]
# The settings that mean the same in every trial that has them.
_SHARED = ("dataset", "model", "randomization", "corruption", "seed")


@dataclass(frozen=True)
class Provenance:
    """Where and with what a trial runs. versions: JSON text."""

    host: str
    git_commit: str
    versions: str


def config_row(trial: Trial) -> Row:
    """A trial's settings, one column each, and `config`, from which it can be built again.

    What trains no network has columns for the settings that it shares with what does, and all
    of them in `theory_settings`.
    """
    settings, fields = trial.settings(), trial.fields()
    if trial.trains_network:
        columns = {fields[name].column: value for name, value in settings.items()}
    else:
        columns = {name: settings[name] for name in _SHARED if name in settings}
        columns["theory_settings"] = json.dumps(settings, sort_keys=True)
    return {
        **columns,
        "trial_id": trial.trial_id,
        "trainable": trial.trainable,
        "regularizer": trial.regularizer,
        "config": json.dumps(trial.config(), sort_keys=True),
        **setting_row(trial.trainable, trial.setting()),
    }


def setting_row(trainable: str, setting: Mapping[str, Any]) -> Row:
    """The columns that say of which setting a trial is a draw."""
    text = json.dumps({"trainable": trainable, **setting}, sort_keys=True)
    return {"setting_id": content_hash(trainable, setting), "setting": text}


def dataset_row(trial: Trial) -> Row:
    """What readers of the results may not know of a trial's dataset."""
    if not (source := DATASETS.get(trial.dataset)):
        return {}
    return {
        "classes": source.classes,
        "train_examples": source.train,
        "test_examples": source.test,
        "dataset_digest": source.digest or None,
    }


def trial_from_row(row: Row) -> Trial:
    """Raises GensweepError for settings that nobody knows here."""
    return known_trial(row["trainable"], row["config"])


def outcome_row(trial: Trial, epochs: Sequence[Epoch], wall_seconds: float) -> dict[str, Any]:
    """What the evaluated epochs so far amount to.

    `fit_*` stay NULL while training error 0 is not reached.
    """
    if not epochs:
        return {"epochs": 0, "steps": 0, "wall_seconds": wall_seconds}
    last = epochs[-1]
    best = min(epochs, key=lambda e: e.test_error)
    fit = next((e for e in epochs if e.train_error == 0.0), None)
    trained = sum(e.seconds for e in epochs)
    top5 = _lowest_so_far([e.test_top5_error for e in epochs])
    return {
        "epochs": last.epoch,
        "steps": last.step,
        "fit_epoch": fit.epoch if fit else None,
        "fit_step": fit.step if fit else None,
        "final_train_loss": last.train_loss,
        "final_train_error": last.train_error,
        "final_test_error": last.test_error,
        "best_test_error": best.test_error,
        "best_test_epoch": best.epoch,
        "final_train_top5_error": last.train_top5_error,
        "final_test_top5_error": last.test_top5_error,
        "best_test_top5_error": top5[-1],
        "wall_seconds": wall_seconds,
        "images_per_second": last.epoch * DATASETS[trial.dataset].train / trained,
    }


def sweep_rows(sweep: str, planned: Iterable[tuple[Trial, Sequence[str]]]) -> pa.Table:
    """One row per trial and feed; a trial that feeds nothing has one row with a NULL feed."""
    none: Sequence[str | None] = [None]
    rows = [
        {"sweep": sweep, "feed": feed, **config_row(trial)}
        for trial, feeds in planned
        for feed in (feeds or none)
    ]
    return pa.Table.from_pylist(rows, schema=SWEEP)


def epoch_rows(epochs: Sequence[Epoch]) -> list[Row]:
    best = _lowest_so_far([epoch.test_error for epoch in epochs])
    top5 = _lowest_so_far([epoch.test_top5_error for epoch in epochs])
    return [
        {**vars(epoch), "best_test_error": b, "best_test_top5_error": t}
        for epoch, b, t in zip(epochs, best, top5, strict=True)
    ]


def _lowest_so_far(errors: Iterable[float | None]) -> list[float | None]:
    """None as long as there is none."""

    def lower(one: float | None, other: float | None) -> float | None:
        return min((e for e in (one, other) if e is not None), default=None)

    return list(accumulate(errors, lower))


def example_columns(examples: Examples) -> Row:
    """A list per column, with an entry per training example."""
    return {f"example_{name}": column for name, column in vars(examples).items()}


def utc(moment: datetime) -> datetime:
    """A timestamp as it is stored: UTC, without a zone."""
    return moment.replace(tzinfo=None)
