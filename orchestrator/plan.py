"""From a sweep to its trials: pure, and the same every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from orchestrator.errors import SpecError
from orchestrator.spec import NONE, Fields, Grid, SweepSpec
from trainables.errors import GensweepError, TrialError
from trainables.trial import ClassifierTrial


@dataclass(frozen=True)
class PlannedTrial:
    """A trial, and what in the paper it serves."""

    trial: ClassifierTrial
    feeds: Sequence[str]


def plan(spec: SweepSpec) -> list[PlannedTrial]:
    """Every trial of the sweep once, in the order of the file, with the feeds of all its grids.

    Raises SpecError where settings contradict each other.
    """
    feeds: dict[ClassifierTrial, dict[str, None]] = {}
    problems: dict[str, GensweepError] = {}
    for grid in spec.grids:
        for settings in _settings(spec, grid):
            try:
                trial = ClassifierTrial(**settings)
            except TrialError as error:
                where = f"{spec.where((*grid.path, error.where))}: {error.where}"
                found = GensweepError(where, error.what, error.allowed, error.todo)
                problems.setdefault(str(found), found)
            else:
                feeds.setdefault(trial, {}).update(dict.fromkeys(grid.feeds))
    if problems:
        raise SpecError(list(problems.values()))
    return [PlannedTrial(trial, tuple(served)) for trial, served in feeds.items()]


def _settings(spec: SweepSpec, grid: Grid) -> Iterator[Fields]:
    axes = {"seed": spec.seeds, "regularizer": [NONE], **grid.axes}
    for values in product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        regularizer = spec.regularizers.get(chosen.pop("regularizer"), {})
        model = chosen.get("model", spec.defaults.get("model"))
        settings = {**spec.defaults, **spec.models.get(str(model), {}), **regularizer, **chosen}
        if settings.get("randomization", "true_labels") != "partial_labels":
            settings.pop("corruption", None)
        yield settings
