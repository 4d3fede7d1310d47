"""The content of a sweep: grids of trials, shared settings, and resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gensweep.orchestrator.lines import Path as KeyPath
from gensweep.orchestrator.lines import line_of
from gensweep.orchestrator.resources import Resources

NONE = "none"  # the regularizer bundle without settings
CLASSIFIER = "classifier"  # the trainable of a grid that names none

Fields = dict[str, Any]


class Override(NamedTuple):
    """`--set key=value`: a trial's field in every trial, or `seeds`, `name`, `resources.cpu`,
    `dataset.NAME.folder`…
    """

    key: str
    value: Any


@dataclass(frozen=True)
class Grid:
    """A cross product: every axis is a field of the trainable's trials, or `regularizer`."""

    axes: Mapping[str, Sequence[Any]]
    feeds: Sequence[str] = ()
    path: KeyPath = ()
    trainable: str = CLASSIFIER


@dataclass(frozen=True)
class OwnDataset:
    """A dataset of the sweep file's author: a folder of images, and what networks see of one.

    view: height and width in pixels.
    """

    folder: Path
    view: int


@dataclass(frozen=True)
class SweepSpec:
    """The content of a sweep file. Settings apply in this order: defaults, model, regularizer,
    grid.
    """

    name: str
    seeds: Sequence[int]
    grids: Sequence[Grid]
    defaults: Fields = field(default_factory=dict)
    models: Mapping[str, Fields] = field(default_factory=dict)
    regularizers: Mapping[str, Fields] = field(default_factory=dict)
    resources: Resources = field(default_factory=Resources)
    datasets: Mapping[str, OwnDataset] = field(default_factory=dict)
    source: str = ""
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def where(self, path: KeyPath) -> str:
        return f"{self.source}:{line_of(dict(self.lines), path)}"
