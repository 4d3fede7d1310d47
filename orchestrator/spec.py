"""Reads a sweep file strictly, and reports every problem at once, each with its line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gensweep.orchestrator.dataset_tables import DatasetTables
from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.fields import problem, trial_fields
from gensweep.orchestrator.lines import Path as KeyPath
from gensweep.orchestrator.lines import line_numbers
from gensweep.orchestrator.mistakes import Mistakes, invalid
from gensweep.orchestrator.resources import RESOURCES, Resources
from gensweep.orchestrator.resources import problem as resource_problem
from gensweep.orchestrator.store.names import NAME, NAME_ALLOWED, is_name
from gensweep.orchestrator.sweep import CLASSIFIER, NONE, Fields, Grid, Override, SweepSpec
from gensweep.orchestrator.sweep_text import parse_toml, read_text
from gensweep.trainables.errors import GensweepError
from gensweep.trainables.models import MODELS
from gensweep.trainables.names import brief, unknown
from gensweep.trainables.registry import TRAINABLES

_TOP = ("name", "seeds", "defaults", "dataset", "model", "regularizer", "grid", "resources")
_NO_AXES = ("feeds", "trainable")


def read_spec(
    path: Path, overrides: Sequence[Override] = (), base: Path | None = None
) -> SweepSpec:
    """Read a sweep file. Paths in it are meant from `base`, by default from where the file is.

    Raises SpecError with all of its problems.
    """
    return parse_spec(read_text(path), str(path), overrides, base)


def parse_spec(
    text: str, source: str, overrides: Sequence[Override] = (), base: Path | None = None
) -> SweepSpec:
    """Parse a sweep file's text; `source` is its name in errors."""
    content = parse_toml(text, source)
    base = Path(source).parent if base is None else base
    return _Reader(content, source, line_numbers(text), base).read(overrides)


class _Reader(Mistakes):
    def __init__(self, content: Fields, source: str, lines: dict[KeyPath, int], base: Path) -> None:
        super().__init__(source, lines)
        self.content = content
        self.datasets = DatasetTables(self.table("dataset"), base, self)

    def read(self, overrides: Sequence[Override]) -> SweepSpec:
        self.used = self.trainables()
        own = self.datasets.keys
        of_datasets = [o for o in overrides if own and o.key.startswith("dataset.")]
        self.datasets.apply(of_datasets)
        datasets = self.datasets.read()
        forced = self.apply([o for o in overrides if o not in of_datasets])
        self.known(self.content, _TOP, ())
        spec = SweepSpec(
            name=self.name(),
            seeds=self.seeds(),
            defaults=self.fields(self.table("defaults"), ("defaults",), self.used),
            models=self.bundles("model"),
            regularizers=self.bundles("regularizer"),
            grids=self.grids(forced),
            resources=self.resources(),
            datasets=datasets,
            source=self.source,
            lines=self.lines,
        )
        if self.found:
            raise SpecError(self.found)
        return spec

    def apply(self, overrides: Sequence[Override]) -> Fields:
        """Apply `--set` values to the file's content; return the trial fields among them."""
        forced: Fields = {}
        of_trials = self.fields_of(self.used)
        settable = [*of_trials, "name", "seeds", *(f"resources.{r}" for r in RESOURCES)]
        for key, value in overrides:
            if key in ("name", "seeds"):
                self.content[key] = value
            elif key.startswith("resources.") and key in settable:
                self.table("resources")[key.partition(".")[2]] = value
            elif key not in of_trials:
                self.unknown_override(key, [*settable, *self.datasets.keys])
            elif wrong := self.misfit(key, value, self.used):
                self.found.append(GensweepError(f"--set {key}", *wrong))
            else:
                forced[key] = value
        return forced

    def trainables(self) -> list[str]:
        """The trainables of the grids, each once; errors in their names are reported with the
        grid.
        """
        grids = self.content.get("grid")
        tables = grids if isinstance(grids, list) else []
        names = [g.get("trainable", CLASSIFIER) for g in tables if isinstance(g, dict)]
        return list(dict.fromkeys(n for n in names if n in _trainables())) or [CLASSIFIER]

    def fields_of(self, trainables: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(name for t in trainables for name in trial_fields(t)))

    def misfit(self, key: str, value: Any, trainables: Sequence[str]) -> tuple[str, str] | None:
        """The error for the value by the first trainable that has the field."""
        if key == "dataset" and value in [*self.datasets.wrong]:  # which may have no hash
            return None
        found = (problem(key, value, t) for t in trainables if key in trial_fields(t))
        return next((wrong for wrong in found if wrong), None)

    def table(self, key: str) -> Fields:
        value = self.content.setdefault(key, {})
        if isinstance(value, dict):
            return value
        self.wrong((key,), "is not a table", f"[{key}]")
        self.content[key] = {}  # so that the error is reported once
        return {}

    def name(self) -> str:
        name = self.content.get("name")
        if not is_name(NAME, name):
            self.wrong(("name",), invalid(name), NAME_ALLOWED)
            return ""
        return str(name)

    def seeds(self) -> list[int]:
        seeds = self.content.get("seeds", [0])
        whole = isinstance(seeds, list) and all(type(s) is int and 0 <= s < 2**32 for s in seeds)
        if not whole or not seeds or len(set(seeds)) < len(seeds):
            self.wrong(
                ("seeds",), f"{brief(seeds)} is not valid", "a list of different whole numbers"
            )
            return [0]
        return list(seeds)

    def bundles(self, kind: str) -> dict[str, Fields]:
        """The tables [model.NAME] or [regularizer.NAME]."""
        bundles = {}
        for name, settings in self.table(kind).items():
            path = (kind, name)
            if kind == "model" and name not in MODELS:
                self.wrong(path, *unknown("model", name, MODELS))
            if kind == "regularizer" and name == NONE:
                self.wrong(path, "is the bundle without settings", "another name")
            if not isinstance(settings, dict):
                self.wrong(path, "is not a table", f"[{kind}.{name}]")
                continue
            bundles[name] = self.fields(settings, path, [CLASSIFIER])
            if "model" in settings:
                self.wrong((*path, "model"), "is chosen by a grid", "model in [[grid]]")
        return bundles

    def fields(self, settings: Fields, path: KeyPath, trainables: Sequence[str]) -> Fields:
        """Settings that at least one trainable has and that are valid for all that have them."""
        self.known(settings, self.fields_of(trainables), path)
        if "seed" in settings:
            self.wrong((*path, "seed"), "is an axis of every grid", "seeds, or seed in [[grid]]")
        for key, value in settings.items():
            self.value(key, value, (*path, key), trainables)
        return settings

    def value(self, key: str, value: Any, path: KeyPath, trainables: Sequence[str]) -> None:
        if wrong := self.misfit(key, value, trainables):
            self.wrong(path, *wrong)

    def grids(self, forced: Fields) -> list[Grid]:
        grids = self.content.get("grid", [])
        tables = isinstance(grids, list) and all(isinstance(grid, dict) for grid in grids)
        if not tables or not grids:
            self.wrong(("grid",), "there is no grid", "one or more [[grid]]")
            return []
        return [self.grid(grid, ("grid", i), forced) for i, grid in enumerate(grids)]

    def grid(self, grid: Fields, path: KeyPath, forced: Fields) -> Grid:
        trainable = grid.get("trainable", CLASSIFIER)
        if trainable not in (known := _trainables()):
            self.wrong((*path, "trainable"), *unknown("trainable", trainable, known))
            return Grid({}, path=path)
        classifier = trainable == CLASSIFIER
        own = ["regularizer"] if classifier else []
        self.known(grid, ["feeds", "trainable", *own, *trial_fields(trainable)], path)
        feeds = grid.get("feeds", [])
        if not isinstance(feeds, list) or not all(isinstance(f, str) for f in feeds):
            self.wrong((*path, "feeds"), f"{brief(feeds)} is not valid", "a list of names")
            feeds = []
        axes = {k: v if isinstance(v, list) else [v] for k, v in grid.items() if k not in _NO_AXES}
        for key, values in axes.items():
            if not values:
                self.wrong((*path, key), "is an empty list", "at least one value")
            for value in values:
                if key == "regularizer":
                    self.regularizer(value, (*path, key))
                else:
                    self.value(key, value, (*path, key), [trainable])
        axes |= {k: [v] for k, v in forced.items() if k in trial_fields(trainable)}
        if not classifier:
            return Grid(axes, feeds, path, trainable)
        if "model" not in axes and "model" not in self.table("defaults"):
            self.wrong((*path, "model"), "is missing", "one of " + ", ".join(MODELS))
        self.corruption(axes, path)
        return Grid(axes, feeds, path)

    def regularizer(self, name: Any, path: KeyPath) -> None:
        known = [NONE, *self.table("regularizer")]
        if name not in known:
            self.wrong(path, *unknown("regularizer", name, known))

    def corruption(self, axes: Fields, path: KeyPath) -> None:
        rules = axes.get("randomization", [self.table("defaults").get("randomization")])
        if "corruption" in axes and "partial_labels" not in rules:
            self.wrong((*path, "corruption"), "applies to partial_labels only", "no corruption")

    def resources(self) -> Resources:
        table = self.table("resources")
        self.known(table, RESOURCES, ("resources",))
        known = {key: value for key, value in table.items() if key in RESOURCES}
        for key, value in known.items():
            if wrong := resource_problem(key, value):
                self.wrong(("resources", key), *wrong)
        found = Resources(**known)
        if not self.found and not found.cpu and not found.gpu:
            self.wrong(("resources", "cpu"), "a trial needs CPUs or a GPU", "above 0")
        if not self.found and found.gpu > 0 and found.workers not in (0, max(1, found.gpu)):
            what = f"{found.workers} ranks cannot share {found.gpu:g} GPUs"
            self.wrong(("resources", "workers"), what, "as many as GPUs, or left out")
        return found


def _trainables() -> list[str]:
    return [name for name, trainable in TRAINABLES.items() if trainable.in_sweeps]
