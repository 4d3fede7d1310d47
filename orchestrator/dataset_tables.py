"""The tables [dataset.NAME] of a sweep file, whose names the rest of the file may then use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from gensweep.orchestrator.lines import Path as KeyPath
from gensweep.orchestrator.mistakes import Mistakes, invalid
from gensweep.orchestrator.store.names import NAME, NAME_ALLOWED, is_name
from gensweep.orchestrator.sweep import Fields, Override, OwnDataset
from gensweep.trainables.datasets import BUILT_IN, Source, register
from gensweep.trainables.datasets.image_folder import LAYOUT, ImageFolder
from gensweep.trainables.errors import DataError

_SETTINGS = ("folder", "view")
_SMALLEST_VIEW, _LARGEST_VIEW = 1, 10_000  # pixels


class DatasetTables:
    """tables: by name. base: from where their paths are meant. wrong: names of those with mistakes,
    of which the rest of the file is not to complain.
    """

    def __init__(self, tables: Fields, base: Path, mistakes: Mistakes) -> None:
        self._tables, self._base, self._mistakes = tables, base, mistakes
        self.wrong: set[str] = set()

    @property
    def keys(self) -> list[str]:
        """What `--set` may set."""
        named = [n for n, table in self._tables.items() if is_name(NAME, n) and _is_table(table)]
        return [f"dataset.{name}.{setting}" for name in named for setting in _SETTINGS]

    def apply(self, overrides: Sequence[Override]) -> None:
        """Apply `--set dataset.NAME.folder` and `.view`. Such a folder is meant from here."""
        allowed = self.keys
        for key, value in overrides:
            if key not in allowed:
                self._mistakes.unknown_override(key, allowed)
                continue
            _, name, setting = key.split(".")
            is_path = setting == "folder" and isinstance(value, str) and value
            path = str(Path.cwd() / _expanded(value)) if is_path else value
            self._tables[name][setting] = path

    def read(self) -> dict[str, OwnDataset]:
        """The tables [dataset.NAME], whose names the rest of the file may then use."""
        found, sources = {}, {}
        for name, settings in self._tables.items():
            path = ("dataset", name)
            if name in BUILT_IN:
                self._mistakes.wrong(path, "is a built-in dataset", "another name")
            elif not is_name(NAME, name):
                self._mistakes.wrong(path, "is not a name for a dataset", NAME_ALLOWED)
            elif not _is_table(settings):
                self._mistakes.wrong(path, "is not a table", f"[dataset.{name}]")
            elif (own := self._settings(settings, path)) and (source := self._images(own, path)):
                found[name], sources[name] = own, source
            else:
                self.wrong.add(name)
        register(sources)
        return found

    def _settings(self, settings: Fields, path: KeyPath) -> OwnDataset | None:
        self._mistakes.known(settings, _SETTINGS, path)
        folder, view = settings.get("folder"), settings.get("view")
        if not isinstance(folder, str) or not folder or "\0" in folder:
            self._mistakes.wrong((*path, "folder"), invalid(folder), "the path of a folder")
        elif type(view) is not int or not _SMALLEST_VIEW <= view <= _LARGEST_VIEW:
            allowed = f"a whole number of pixels, {_SMALLEST_VIEW} to {_LARGEST_VIEW}"
            self._mistakes.wrong((*path, "view"), invalid(view), allowed)
        else:
            return OwnDataset((self._base / _expanded(folder)).resolve(), view)
        return None

    def _images(self, own: OwnDataset, path: KeyPath) -> Source | None:
        try:
            return _look(own, str(path[-1]))
        except DataError as error:
            what, more = f"{error.where} {error.what}", (error.allowed, error.todo)
        except OSError as error:  # such as a name that is too long
            what, more = f"{own.folder}: {error.strerror}", (LAYOUT, "")
        self._mistakes.wrong((*path, "folder"), what, *more)
        return None


def _look(own: OwnDataset, name: str) -> Source:
    """What is known of the dataset by a look at its folder. Raises DataError and OSError."""
    where = str(own.folder)
    if not own.folder.exists():
        todo = (
            f"name yours with --set dataset.{name}.folder=PATH, or make one to try with "
            f"`gensweep data export digits {quote(where)} --train 100 --test 50`"
        )
        raise DataError(where, "does not exist", LAYOUT, todo)
    if not own.folder.is_dir():
        raise DataError(where, "is not a folder", LAYOUT)
    return ImageFolder(own.folder).source(own.view)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _expanded(folder: str) -> Path:
    """With ~ as the home folder, where there is one."""
    try:
        return Path(folder).expanduser()
    except RuntimeError:
        return Path(folder)
