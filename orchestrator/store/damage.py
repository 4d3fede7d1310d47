"""Damaged files are reported and moved away, never deleted."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import not_writable
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.location import Location

# Arrow's errors about content have no errno, and these are permanent.
_LASTING = (None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR)


@dataclass(frozen=True)
class Damage:
    """A file that cannot be used, and why.

    part:    the compacted part it belongs to, if any.
    passing: whether it could only not be read now, for lack of a network, permission or memory.
    """

    path: Location
    reason: str
    part: str = ""
    passing: bool = False

    @classmethod
    def of(cls, path: Location, error: Exception, part: str = "") -> Damage:
        refused = isinstance(error, OSError) and error.errno not in _LASTING
        return cls(path, str(error), part, passing=refused or isinstance(error, MemoryError))

    def __str__(self) -> str:
        return f"{self.path}: {' '.join(self.reason.split())}"


def raise_if_passing(damaged: Iterable[Damage]) -> None:
    """Raise StoreError for a file that may be intact, before anything treats it as missing."""
    for damage in damaged:
        if damage.passing:
            raise StoreError(str(damage.path), f"cannot be read ({damage.reason})")


def set_aside(store: Store, path: Location) -> Location | None:
    """Move a file to the quarantine under a free name; None if the file is gone.

    Raises StoreError if it cannot be moved.
    """
    for number in itertools.count(1):
        target = store.quarantine / (path.name if number == 1 else f"{path.name}.{number}")
        if not target.exists():
            break
    try:
        store.quarantine.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.replace(target)  # type: ignore[arg-type]  # both are of one store, and of a kind
            return target
    except OSError as error:
        raise not_writable(path, error) from error
    return None
