"""What killed writers left behind."""

from __future__ import annotations

from contextlib import suppress

from gensweep.orchestrator.store.location import Location

_STALE = 3600.0  # seconds


def sweep(folder: Location) -> None:
    """Delete what killed writers left half-written, in files that nobody has touched for long."""
    paths: list[Location] = []
    with suppress(FileNotFoundError):  # no such folder
        paths = list(folder.iterdir())
    if all(path.suffix != ".tmp" for path in paths):  # as always in a bucket
        return
    ages: dict[Location, float] = {}
    for path in paths:
        with suppress(FileNotFoundError):  # somebody has finished it
            ages[path] = path.stat().st_mtime
    newest = max(ages.values(), default=0.0)  # by the file system's own clock
    for path, age in ages.items():
        if path.suffix == ".tmp" and newest - age > _STALE:
            path.unlink(missing_ok=True)
