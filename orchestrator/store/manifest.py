"""The manifest: which compacted files are in force."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.store.errors import StoreError
from orchestrator.store.files import publish_json
from orchestrator.store.layout import Store
from orchestrator.store.schemas import TABLES


@dataclass(frozen=True)
class Manifest:
    """A generation of compacted tables; `files` lists the exact names of each table's files."""

    generation: int = 0
    files: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in TABLES})

    def paths(self, store: Store, table: str) -> list[Path]:
        return [store.tables / name for name in self.files[table]]


def read_manifest(store: Store) -> Manifest:
    """Generation 0, without files, where nothing was compacted yet."""
    try:
        content = json.loads(store.manifest.read_text())
        files = {name: [str(f) for f in content["files"][name]] for name in TABLES}
        return Manifest(int(content["generation"]), files)
    except FileNotFoundError:
        return Manifest()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(str(store.manifest), f"cannot be read ({error})") from error


def write_manifest(store: Store, manifest: Manifest) -> None:
    """Put a generation in force, in one step."""
    content = {"generation": manifest.generation, "files": manifest.files}
    publish_json(store.manifest, content)
