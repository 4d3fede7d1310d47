"""The layout of a results folder."""

from __future__ import annotations

import json
from dataclasses import dataclass

from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import not_readable, not_writable, publish_json
from gensweep.orchestrator.store.location import Location, locate
from gensweep.orchestrator.store.schemas import FORMAT


@dataclass(frozen=True)
class Store:
    """A results folder: on a disk, or a prefix in a bucket."""

    root: Location

    @classmethod
    def create(cls, place: str | Location) -> Store:
        """Open a results folder for writing, creating it if necessary.

        Raises StoreError if it cannot be written, or contains something else.
        """
        root = locate(place)
        store = cls(root.absolute())
        try:
            known = store.marker.exists()
            if not known and root.is_dir() and any(root.iterdir()):
                raise StoreError(
                    str(root),
                    "is not empty and holds no gensweep results",
                    todo="choose another folder with --results or GENSWEEP_RESULTS",
                )
            for folder in (store.live, store.tables, store.sweeps, store.leases):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_writable(root, error) from error
        if known:
            store._check_format()
        else:
            publish_json(store.marker, {"format": FORMAT})
        return store

    @classmethod
    def open(cls, place: str | Location) -> Store:
        """Open a results folder for reading. Raises StoreError if there is none."""
        root = locate(place)
        store = cls(root.absolute())
        try:
            known, there = store.marker.exists(), root.exists()
        except OSError as error:
            raise not_readable(root, error) from error
        if not known:
            raise StoreError(
                str(root),
                "holds no gensweep results" if there else "no such folder",
                todo="run `gensweep launch SWEEP.toml`, "
                "or name another folder with --results or GENSWEEP_RESULTS",
            )
        store._check_format()
        return store

    def _check_format(self) -> None:
        try:
            found = json.loads(self.marker.read_text("utf-8"))["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(str(self.marker), f"cannot be read ({error})") from error
        if found != FORMAT:
            raise StoreError(
                str(self.root), f"is in format {found}", f"format {FORMAT}", "use a newer gensweep"
            )

    @property
    def marker(self) -> Location:
        return self.root / "gensweep.json"

    @property
    def live(self) -> Location:
        return self.root / "live"

    @property
    def tables(self) -> Location:
        return self.root / "tables"

    @property
    def sweeps(self) -> Location:
        return self.root / "sweeps"

    @property
    def leases(self) -> Location:
        return self.root / "leases"

    @property
    def checkpoints(self) -> Location:
        return self.root / "checkpoints"

    @property
    def quarantine(self) -> Location:
        return self.root / "quarantine"

    @property
    def manifest(self) -> Location:
        return self.root / "manifest.json"

    def live_file(self, trial_id: str) -> Location:
        return self.live / f"{trial_id}.parquet"

    def checkpoint_file(self, trial_id: str) -> Location:
        return self.checkpoints / f"{trial_id}.ckpt"

    def sweep_file(self, sweep: str) -> Location:
        return self.sweeps / f"{sweep}.parquet"
