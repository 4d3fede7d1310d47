"""The kinds of trial there are. Looking one up imports no torch; running one does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.errors import GensweepError, TrialError
from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.kernel.trial import KernelTrial
from gensweep.trainables.min_norm.trial import MinNormTrial
from gensweep.trainables.noop import NoopTrial
from gensweep.trainables.records import Record
from gensweep.trainables.trial import Trial


@dataclass(frozen=True)
class Trainable:
    """A frozen config class, and `run(trials, context) -> Iterator[(trial_id, Record)]`.

    in_sweeps: whether a sweep file may name it.
    """

    config: type[Trial]
    location: str
    in_sweeps: bool = True

    def run(self, trials: Sequence[Trial], context: Context) -> Iterator[tuple[str, Record]]:
        module, function = self.location.split(":")
        records: Iterator[tuple[str, Record]] = getattr(import_module(module), function)(
            trials, context
        )
        return records


TRAINABLES: dict[str, Trainable] = {
    "classifier": Trainable(ClassifierTrial, "gensweep.trainables.classifier.run:run"),
    "expressivity": Trainable(ExpressivityTrial, "gensweep.trainables.expressivity.run:run"),
    "min_norm": Trainable(MinNormTrial, "gensweep.trainables.min_norm.run:run"),
    "kernel": Trainable(KernelTrial, "gensweep.trainables.kernel.run:run"),
    "capacity": Trainable(CapacityTrial, "gensweep.trainables.capacity.run:run"),
    "noop": Trainable(NoopTrial, "gensweep.trainables.noop:run", in_sweeps=False),
}


def known_trial(trainable: str, config: str) -> Trial:
    """The trial of stored JSON. Raises GensweepError for settings that nobody knows here."""
    try:
        return trial_from_config(trainable, json.loads(config))
    except (AttributeError, KeyError, TypeError, ValueError, TrialError) as error:
        where = f"stored trial {trainable} {config}"[:200]
        what = f"its settings are not known here ({type(error).__name__}: {error})"[:300]
        raise GensweepError(where, what, todo="use a newer gensweep") from error


def trial_from_config(trainable: str, config: Mapping[str, Any]) -> Trial:
    """The trial that `Trial.config()` describes."""
    return TRAINABLES[trainable].config(**config)
