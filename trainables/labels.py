"""What trials are called: what each is, and what tells it from those that are shown with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from gensweep.trainables.fields import Part, text
from gensweep.trainables.trial import Trial


def varying_fields(trials: Iterable[Trial]) -> frozenset[str]:
    """The fields in which trials of one kind differ and that their titles and seeds do not tell."""
    kinds: dict[type[Trial], list[Trial]] = defaultdict(list)
    for trial in trials:
        kinds[type(trial)].append(trial)
    return frozenset(name for kind, alike in kinds.items() for name in _varying(kind, alike))


def _varying(kind: type[Trial], trials: Sequence[Trial]) -> Iterator[str]:
    for name, field in kind.fields().items():
        if kind.told is not None and name not in kind.told:
            values: set[Any] = set(map(attrgetter(name), trials))
            # A title tells whether a regularizer is at work, though not how strong it is.
            if field.about.part is Part.REGULARIZER:
                values.discard(type(field.default)())
            if len(values) > 1:
                yield name


def settings_label(trial: Trial, varying: Collection[str]) -> str:
    """What the title does not tell and others do not share, such as `lr 0.1, wd 0.0005`.

    A trial without a list of what its title tells says everything that is set.
    """
    names = trial.config().keys() - {"seed"} if trial.told is None else varying
    return ", ".join(
        f"{field.label} {text(getattr(trial, name))}"
        for name, field in trial.fields().items()
        if name in names and (getattr(trial, name) or field.about.part is not Part.REGULARIZER)
    )


def label(trial: Trial, varying: Collection[str] = ()) -> str:
    """Such as `alexnet, labels p=0.5, crop+wd, lr 0.1, seed 1`."""
    parts = (trial.title, settings_label(trial, varying), f"seed {trial.seed}")
    return ", ".join(part for part in parts if part)


def labels(trials: Sequence[Trial]) -> list[str]:
    """A label for each of the trials that are shown together."""
    varying = varying_fields(trials)
    return [label(trial, varying) for trial in trials]
