"""Deletes the leftovers of killed writers."""

from __future__ import annotations

import stat
from contextlib import suppress

from gensweep.orchestrator.store import inside
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.location import Location

_STALE = 3600.0  # seconds


def remove_leftovers(store: Store, folder: Location) -> None:
    """Delete half-written files that have not changed for a long time."""
    paths = inside.listed(store.root, folder)
    if all(path.suffix != ".tmp" for path in paths):  # as always in a bucket
        return
    ages: dict[Location, float] = {}
    for path in paths:
        with suppress(FileNotFoundError):  # its writer has finished it
            about = inside.status(store.root, path)
            if not stat.S_ISDIR(about.st_mode):
                ages[path] = about.st_mtime
    newest = max(ages.values(), default=0.0)  # by the file system's own clock
    for path, age in ages.items():
        if path.suffix == ".tmp" and newest - age > _STALE:
            inside.remove(store.root, path)
