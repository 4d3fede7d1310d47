"""Where things are in a results folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store.errors import StoreError
from orchestrator.store.files import not_writable, publish_json
from orchestrator.store.schemas import FORMAT


@dataclass(frozen=True)
class Store:
    """A results folder."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> Store:
        """Open a results folder for writing, making it if need be.

        Raises StoreError if it cannot be written, or holds something else.
        """
        store = cls(root.absolute())
        if root.is_dir() and not store.marker.exists() and any(root.iterdir()):
            raise StoreError(
                str(root),
                "is not empty and holds no gensweep results",
                todo="choose another folder with --results or GENSWEEP_RESULTS",
            )
        try:
            for folder in (store.live, store.tables, store.sweeps, store.locks):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_writable(root, error) from error
        if store.marker.exists():
            store._check_format()
        else:
            publish_json(store.marker, {"format": FORMAT})
        return store

    @classmethod
    def open(cls, root: Path) -> Store:
        """Open a results folder for reading. Raises StoreError if there is none."""
        store = cls(root.absolute())
        if not store.marker.exists():
            what = "holds no gensweep results" if root.exists() else "no such folder"
            raise StoreError(
                str(root),
                what,
                todo="run `gensweep launch SWEEP.toml`, "
                "or name another folder with --results or GENSWEEP_RESULTS",
            )
        store._check_format()
        return store

    def _check_format(self) -> None:
        try:
            found = json.loads(self.marker.read_text())["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(str(self.marker), f"cannot be read ({error})") from error
        if found != FORMAT:
            raise StoreError(
                str(self.root), f"is in format {found}", f"format {FORMAT}", "use a newer gensweep"
            )

    @property
    def marker(self) -> Path:
        return self.root / "gensweep.json"

    @property
    def live(self) -> Path:
        return self.root / "live"

    @property
    def tables(self) -> Path:
        return self.root / "tables"

    @property
    def sweeps(self) -> Path:
        return self.root / "sweeps"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    def live_file(self, trial_id: str) -> Path:
        return self.live / f"{trial_id}.parquet"

    def sweep_file(self, sweep: str) -> Path:
        return self.sweeps / f"{sweep}.parquet"
