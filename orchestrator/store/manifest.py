"""The manifest: the list of current compacted files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from gensweep.orchestrator.store.damage import Damage, raise_if_passing
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish_json, read_json
from gensweep.orchestrator.store.inside import listed
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.location import Location
from gensweep.orchestrator.store.names import is_name
from gensweep.orchestrator.store.schemas import TABLES
from gensweep.trainables.shown import short

# The only names of files among the tables.
_FILE = re.compile(rf"(\d{{6}})-((?:{'|'.join(TABLES)})\.parquet|manifest\.json)", re.ASCII)
_MOST = 999_999  # generations, of six digits


@dataclass(frozen=True)
class Manifest:
    """A generation of compacted tables, in parts: `PART-trials.parquet` and the like.

    A part is named after the generation that wrote it, and never changes. No trial is in two parts.
    """

    generation: int = 0
    files: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in TABLES})

    @property
    def parts(self) -> list[str]:
        return [name.removesuffix("-trials.parquet") for name in self.files["trials"]]

    def paths(self, store: Store, table: str) -> list[Location]:
        return [store.tables / name for name in self.files[table]]

    @property
    def copy(self) -> str:
        """The name of its copy among the tables, a backup in case the manifest is damaged."""
        return f"{self.generation:06d}-manifest.json"

    @property
    def names(self) -> set[str]:
        """All files among the tables that belong to it."""
        return {name for names in self.files.values() for name in names} | {self.copy}


def of_parts(generation: int, parts: Collection[str]) -> Manifest:
    return Manifest(generation, {t: [f"{part}-{t}.parquet" for part in parts] for t in TABLES})


def read_manifest(store: Store) -> tuple[Manifest, list[Damage]]:
    """The current manifest, or its newest copy if it is damaged, with the damage.

    Generation 0, without files, if nothing has been compacted yet. Raises StoreError for a manifest
    that may be intact but cannot be read now.
    """
    damaged: list[Damage] = []
    for path in _candidates(store):
        try:
            return _manifest(read_json(store.root, path)), damaged
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError) as error:
            damaged.append(Damage.of(path, error))
            raise_if_passing(damaged)
    return Manifest(), damaged


def _manifest(content: dict[str, Any]) -> Manifest:
    """Raises ValueError for content that no manifest has."""
    if content.pop("digest", None) not in (None, _digest(content)):
        raise ValueError("the digest is that of another content")
    generation, files = content.get("generation"), content.get("files")
    if type(generation) is not int or not 0 <= generation <= _MOST:
        raise ValueError(f"generation {short(repr(generation))}")
    if not isinstance(files, dict) or not all(isinstance(files.get(t), list) for t in TABLES):
        raise ValueError("no lists of files")
    for name in (name for table in TABLES for name in files[table]):
        if not is_name(_FILE, name):
            raise ValueError(f"it names {short(repr(name))}")
    parts = [name.partition("-")[0] for name in files["trials"]]
    manifest = of_parts(generation, parts)
    if manifest.files != {table: files[table] for table in TABLES} or len({*parts}) < len(parts):
        raise ValueError("its lists of files do not fit each other")
    return manifest


def _candidates(store: Store) -> Iterator[Location]:
    """The manifest and then, if it is unusable, its copies, newest first."""
    yield store.manifest
    copies = listed(store.root, store.tables, "*-manifest.json")
    yield from (path for path in reversed(copies) if generation_of(path.name) is not None)


def write_manifest(store: Store, manifest: Manifest, check: Callable[[], None]) -> None:
    """Publish a generation in one step, unless `check` raises."""
    content: dict[str, Any] = {"generation": manifest.generation, "files": manifest.files}
    content["digest"] = _digest(content)
    publish_json(store.root, store.tables / manifest.copy, content, check)
    publish_json(store.root, store.manifest, content, check)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def generation_of(name: str) -> int | None:
    """The generation that wrote a file among the tables; None for other files."""
    found = _FILE.fullmatch(name)
    return int(found[1]) if found else None


def next_generation(store: Store, manifest: Manifest) -> int:
    """A later number that no file has yet, including files that this manifest does not list."""
    taken = {generation_of(path.name) for path in listed(store.root, store.tables)}
    for number in range(manifest.generation + 1, _MOST + 1):
        if number not in taken:
            return number
    raise StoreError(str(store.tables), "there is no number left for another generation")
