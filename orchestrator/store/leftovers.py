"""Deletes the leftovers of killed writers."""

from __future__ import annotations

from contextlib import suppress

from gensweep.orchestrator.store.location import Location

_STALE = 3600.0  # seconds


def remove_leftovers(folder: Location) -> None:
    """Delete half-written files that have not changed for a long time."""
    paths: list[Location] = []
    with suppress(FileNotFoundError):  # no such folder
        paths = list(folder.iterdir())
    if all(path.suffix != ".tmp" for path in paths):  # as always in a bucket
        return
    ages: dict[Location, float] = {}
    for path in paths:
        with suppress(FileNotFoundError):  # its writer has finished it
            ages[path] = path.stat().st_mtime
    newest = max(ages.values(), default=0.0)  # by the file system's own clock
    for path, age in ages.items():
        if path.suffix == ".tmp" and newest - age > _STALE:
            path.unlink(missing_ok=True)
