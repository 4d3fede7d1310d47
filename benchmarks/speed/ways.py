"""Variants that train trials to their end and should have the same final errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from speed import bare
from speed.plain import plain_model

from gensweep.trainables.classifier.data import Split, load_trial_data
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.records import Epoch
from gensweep.trainables.registry import TRAINABLES


@dataclass(frozen=True)
class Place:
    data_dir: Path
    device: str
    threads: int


# The final training and test error of each trial.
Errors = list[tuple[float, float]]
Way = Callable[[Sequence[ClassifierTrial], Place], Errors]


def by_hand(trials: Sequence[ClassifierTrial], place: Place) -> Errors:
    """The bare loop; every trial draws its own order."""
    device, found = torch.device(place.device), []
    for trial in trials:
        data = load_trial_data(trial, place.data_dir, device)
        model = plain_model(trial.model).to(device)
        for _ in bare.epochs(trial, model, data.train):
            pass
        found.append((_error(model.eval(), data.train), _error(model, data.test)))
    return found


@torch.no_grad()
def _error(model: torch.nn.Module, split: Split) -> float:
    chunks = torch.split(split.inputs, 500)
    predictions = torch.cat([model(inputs).argmax(1) for inputs in chunks])
    return (predictions != split.labels).double().mean().item()


def ours(
    trials: Sequence[ClassifierTrial],
    place: Place,
    *,
    packed: bool = False,
    precision: Any = "fp32",
    **context: Any,
) -> Errors:
    """The trials side by side in one engine, or one after another."""
    trials = [replace(trial, precision=precision) for trial in trials]
    run = TRAINABLES["classifier"].run
    where = Context(place.data_dir, place.device, place.threads, **context)
    last = {
        trial_id: (record.train_error, record.test_error)
        for group in ([trials] if packed else [[trial] for trial in trials])
        for trial_id, record in run(group, where)
        if isinstance(record, Epoch)
    }
    return [last[trial.trial_id] for trial in trials]


WAYS: dict[str, Way] = {
    "ours": ours,
    "ours, captured": partial(ours, engine="captured"),
    "ours, packed": partial(ours, packed=True),
    "ours, captured, packed": partial(ours, packed=True, engine="captured"),
    "ours, bf16": partial(ours, precision="bf16"),
}
