"""The mistakes in a sweep file: all of them, each with its line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.lines import Path as KeyPath
from gensweep.orchestrator.lines import line_of
from gensweep.trainables.errors import GensweepError
from gensweep.trainables.names import brief, unknown
from gensweep.trainables.shown import short

_MOST = 100


class Mistakes:
    """Collects them, and raises SpecError by itself where there are very many."""

    def __init__(self, source: str, lines: dict[KeyPath, int]) -> None:
        self.source, self.lines = source, lines
        self.found: list[GensweepError] = []

    def wrong(self, path: KeyPath, what: str, allowed: str = "", todo: str = "") -> None:
        where = f"{self.source}:{line_of(self.lines, path)}"
        keys = [short(p, 60) for p in path if isinstance(p, str)]
        self.found.append(GensweepError(f"{where}: {'.'.join(keys)}", what, allowed, todo))
        if len(self.found) == _MOST:
            self.found.append(GensweepError(self.source, "has more problems than these"))
            raise SpecError(self.found)

    def known(self, table: Iterable[str], allowed: Sequence[str], path: KeyPath) -> None:
        for key in table:
            if key not in allowed:
                self.wrong((*path, key), *unknown("key", key, allowed))

    def unknown_override(self, key: str, allowed: Sequence[str]) -> None:
        self.found.append(GensweepError(f"--set {key}", *unknown("key", key, allowed)))


def invalid(value: Any) -> str:
    """What is wrong with a value that is needed."""
    return "is missing" if value is None else f"{brief(value)} is not valid"
