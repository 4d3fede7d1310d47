"""Expands a sweep into its trials; pure and deterministic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.fields import trial_fields
from gensweep.orchestrator.sweep import CLASSIFIER, NONE, Fields, Grid, SweepSpec
from gensweep.trainables.errors import GensweepError, TrialError
from gensweep.trainables.registry import TRAINABLES
from gensweep.trainables.trial import Trial


@dataclass(frozen=True)
class PlannedTrial:
    """A trial, and the figures and tables of the paper it serves."""

    trial: Trial
    feeds: Sequence[str]


MOST_TRIALS = 1_000_000  # more are hardly meant; they would take minutes to plan, and gigabytes


def plan(spec: SweepSpec, most: int = MOST_TRIALS) -> list[PlannedTrial]:
    """Every trial of the sweep once, in the order of the file, with the feeds of all its grids.

    Raises SpecError if settings contradict each other, and, before it makes any trial, if the
    products of the grids are more than `most`.
    """
    sizes = [_size(spec, grid) for grid in spec.grids]
    if sum(sizes) > most:
        largest = spec.grids[sizes.index(max(sizes))]
        what = f"there are {sum(sizes)} trials in all grids, most of them in this one"
        todo = "--max-trials N allows more"
        where = f"{spec.where(largest.path)}: grid"
        raise SpecError([GensweepError(where, what, f"at most {most}", todo)])
    feeds: dict[Trial, dict[str, None]] = {}
    problems: dict[str, GensweepError] = {}
    for grid in spec.grids:
        for settings in _settings(spec, grid):
            try:
                trial = TRAINABLES[grid.trainable].config(**settings)
            except TrialError as error:
                where = f"{spec.where((*grid.path, error.where))}: {error.where}"
                found = GensweepError(where, error.what, error.allowed, error.todo)
                problems.setdefault(str(found), found)
            else:
                feeds.setdefault(trial, {}).update(dict.fromkeys(grid.feeds))
    if problems:
        raise SpecError(list(problems.values()))
    return [PlannedTrial(trial, tuple(served)) for trial, served in feeds.items()]


def _size(spec: SweepSpec, grid: Grid) -> int:
    """The number of combinations, of which some may be the same trial."""
    return prod(len(values) for values in {"seed": spec.seeds, **grid.axes}.values())


def _settings(spec: SweepSpec, grid: Grid) -> Iterator[Fields]:
    return _of_classifiers(spec, grid) if grid.trainable == CLASSIFIER else _of_others(spec, grid)


def _of_others(spec: SweepSpec, grid: Grid) -> Iterator[Fields]:
    """Defaults apply only to fields that the trainable has."""
    known = trial_fields(grid.trainable)
    defaults = {name: value for name, value in spec.defaults.items() if name in known}
    axes = {"seed": spec.seeds, **grid.axes}
    for values in product(*axes.values()):
        yield {**defaults, **dict(zip(axes, values, strict=True))}


def _of_classifiers(spec: SweepSpec, grid: Grid) -> Iterator[Fields]:
    known = trial_fields(CLASSIFIER)
    defaults = {name: value for name, value in spec.defaults.items() if name in known}
    axes = {"seed": spec.seeds, "regularizer": [NONE], **grid.axes}
    for values in product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        regularizer = spec.regularizers.get(chosen.pop("regularizer"), {})
        model = chosen.get("model", defaults.get("model"))
        settings = {**defaults, **spec.models.get(str(model), {}), **regularizer, **chosen}
        if settings.get("randomization", "true_labels") != "partial_labels":
            settings.pop("corruption", None)
        yield settings
