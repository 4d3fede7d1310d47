"""Damaged files are reported and moved away, never deleted."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Iterable
from dataclasses import dataclass

from gensweep.orchestrator.store import inside
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.location import Location
from gensweep.trainables.shown import short

# Arrow's errors about content have no errno, and these are permanent.
_LASTING = (None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EFBIG, errno.ENAMETOOLONG)


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
        return f"{short(str(self.path), 300)}: {short(self.reason, 200)}"


def raise_if_passing(damaged: Iterable[Damage]) -> None:
    """Raise StoreError for a file that may be intact, before anything treats it as missing."""
    for damage in damaged:
        if damage.passing:
            where, why = short(str(damage.path), 300), short(damage.reason, 200)
            raise StoreError(where, f"cannot be read ({why})")


def set_aside(store: Store, path: Location) -> Location | None:
    """Move a file to the quarantine under a free name; None if the file is gone.

    Raises StoreError if it cannot be moved.
    """
    name = path.name if len(os.fsencode(path.name)) < 200 else short(path.name, 60)
    target: Location = store.quarantine / name
    try:
        for number in itertools.count(2):
            if _free(store, target):
                break
            target = store.quarantine / f"{name}.{number}"
        inside.move(store.root, path, target)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise inside.not_writable(path, error) from error
    return target


def discard(store: Store, path: Location) -> None:
    """Delete a file; a folder in its place is set aside. Raises StoreError if it cannot."""
    if inside.is_folder(store.root, path):
        set_aside(store, path)
    else:
        inside.remove(store.root, path)


def _free(store: Store, path: Location) -> bool:
    try:
        inside.status(store.root, path)
    except FileNotFoundError:
        return True
    return False
