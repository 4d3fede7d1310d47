"""Which trials can run side by side in one engine."""

from __future__ import annotations

from typing import Any

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.trial import Trial

SHAPING = tuple(name for name, f in ClassifierTrial.fields().items() if f.about.shapes)

Shape = tuple[tuple[str, Any], ...]


def shape(trial: Trial) -> Shape:
    """Equal for trials whose steps are the same computation on different numbers.

    Such trials can share an engine, at once as its lanes or one after another. The shape of a trial
    without a network equals no other.
    """
    if not isinstance(trial, ClassifierTrial):
        return ("trainable", trial.trainable), ("trial_id", trial.trial_id)
    return (("trainable", trial.trainable), *((name, getattr(trial, name)) for name in SHAPING))
