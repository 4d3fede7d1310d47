"""The layout of a results folder."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish_json, read_json
from gensweep.orchestrator.store.inside import linked, listed, not_readable, not_writable
from gensweep.orchestrator.store.location import Location, locate
from gensweep.orchestrator.store.names import NAME, TRIAL_ID, is_name
from gensweep.orchestrator.store.schemas import FORMAT
from gensweep.trainables.shown import short


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
        store._refuse_links()
        try:
            known = store.marker.exists()
            if not known and root.is_dir() and listed(root, root):
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
            publish_json(store.root, store.marker, {"format": FORMAT})
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
        store._refuse_links()
        store._check_format()
        return store

    def _check_format(self) -> None:
        try:
            found = read_json(self.root, self.marker)["format"]
        except (OSError, ValueError, KeyError) as error:
            raise not_readable(self.marker, error) from error
        if found != FORMAT:
            what = f"is in format {short(str(found))}"
            raise StoreError(str(self.root), what, f"format {FORMAT}", "use a newer gensweep")

    def _refuse_links(self) -> None:
        """What is in a results folder is read, moved and deleted; a link may lead anywhere."""
        for folder in self.folders:
            if linked(folder):
                raise StoreError(
                    str(folder),
                    "is a link",
                    "only the results folder as a whole may be a link",
                    "move what it points to here, if you trust it",
                )

    @property
    def folders(self) -> tuple[Location, ...]:
        return (
            *(self.live, self.tables, self.sweeps, self.leases),
            *(self.checkpoints, self.quarantine),
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
        return self.live / f"{_named(TRIAL_ID, trial_id)}.parquet"

    def checkpoint_file(self, trial_id: str) -> Location:
        return self.checkpoints / f"{_named(TRIAL_ID, trial_id)}.ckpt"

    def sweep_file(self, sweep: str) -> Location:
        return self.sweeps / f"{_named(NAME, sweep)}.parquet"


def _named(pattern: re.Pattern[str], name: str) -> str:
    """A name that fits. Raises StoreError for another, which may be a path to anywhere."""
    if not is_name(pattern, name):
        raise StoreError(short(repr(name)), "is no name of a file among the results")
    return name
