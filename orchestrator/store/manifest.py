"""The manifest: the list of current compacted files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from gensweep.orchestrator.store.damage import Damage, raise_if_passing
from gensweep.orchestrator.store.files import listing, publish_json
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.location import Location
from gensweep.orchestrator.store.schemas import TABLES


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
            content = json.loads(path.read_bytes())
            if content.pop("digest", None) not in (None, _digest(content)):
                raise ValueError("the digest is that of another content")
            files = {name: [str(f) for f in content["files"][name]] for name in TABLES}
            return Manifest(int(content["generation"]), files), damaged
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            damaged.append(Damage.of(path, error))
            raise_if_passing(damaged)
    return Manifest(), damaged


def _candidates(store: Store) -> Iterator[Location]:
    """The manifest and then, if it is unusable, its copies, newest first."""
    yield store.manifest
    yield from reversed(listing(store.tables, "*-manifest.json"))


def write_manifest(store: Store, manifest: Manifest, check: Callable[[], None]) -> None:
    """Publish a generation in one step, unless `check` raises."""
    content: dict[str, Any] = {"generation": manifest.generation, "files": manifest.files}
    content["digest"] = _digest(content)
    publish_json(store.tables / manifest.copy, content, check)
    publish_json(store.manifest, content, check)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def generation_of(name: str) -> int | None:
    """The generation that wrote a file among the tables; None for other files."""
    number = re.match(r"(\d+)-", name)
    return int(number[1]) if number else None


def next_generation(store: Store, manifest: Manifest) -> int:
    """A number that no file has yet, including files that this manifest does not list."""
    found = (generation_of(path.name) or 0 for path in store.tables.glob("*-*"))
    return max(manifest.generation, *found, 0) + 1
