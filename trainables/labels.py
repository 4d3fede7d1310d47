"""What trials are called: what each is, and what tells it from those that are shown with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from gensweep.trainables.fields import Part, text
from gensweep.trainables.trial import Trial


def varying_fields(trials: Iterable[Trial]) -> frozenset[str]:
    """The fields in which trials of one kind differ and that their titles and seeds do not tell."""
    values: dict[tuple[str, str], set[Any]] = defaultdict(set)
    for trial in trials:
        for name in _untold(trial):
            values[trial.trainable, name].add(getattr(trial, name))
    return frozenset(name for (_, name), seen in values.items() if len(seen) > 1)


def settings_label(trial: Trial, varying: Collection[str]) -> str:
    """What the title does not tell and others do not share, such as `lr 0.1, wd 0.0005`.

    A trial without a list of what its title tells says everything that is set.
    """
    names = trial.config().keys() - {"seed"} if trial.told is None else varying
    return ", ".join(
        f"{trial.fields()[name].label} {text(getattr(trial, name))}"
        for name in (trial.fields() if trial.told is None else _untold(trial))
        if name in names
    )


def label(trial: Trial, varying: Collection[str] = ()) -> str:
    """Such as `alexnet, labels p=0.5, crop+wd, lr 0.1, seed 1`."""
    parts = (trial.title, settings_label(trial, varying), f"seed {trial.seed}")
    return ", ".join(part for part in parts if part)


def labels(trials: Sequence[Trial]) -> list[str]:
    """A label for each of the trials that are shown together."""
    varying = varying_fields(trials)
    return [label(trial, varying) for trial in trials]


def _untold(trial: Trial) -> list[str]:
    """Fields that the title does not tell; of a regularizer it tells whether it is at work."""
    return [
        name
        for name, field in trial.fields().items()
        if trial.told is not None
        and name not in trial.told
        and (getattr(trial, name) or field.about.part is not Part.REGULARIZER)
    ]
