"""Which trials can run side by side in one engine."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.trial import Trial

# What may differ between trials of equal shape: none of it shapes a tensor or a kernel.
_FREE = {
    "randomization",
    "corruption",
    "seed",
    "epochs",
    "stop",
    "patience",
    "lr",
    "lr_decay",
    "momentum",
    "weight_decay",
    "evaluate_every",
}
SHAPING = tuple(f.name for f in fields(ClassifierTrial) if f.name not in _FREE)

Shape = tuple[tuple[str, Any], ...]


def shape(trial: Trial) -> Shape:
    """Equal for trials whose steps are the same computation on other numbers.

    Such trials may share an engine: at once as its lanes, or one after the other. A trial that
    trains no network is like no other.
    """
    if not isinstance(trial, ClassifierTrial):
        return ("trainable", trial.trainable), ("trial_id", trial.trial_id)
    settings = asdict(trial)
    return (("trainable", trial.trainable), *((name, settings[name]) for name in SHAPING))
