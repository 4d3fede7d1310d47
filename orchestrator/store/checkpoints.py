"""The checkpoints of trials."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from dataclasses import dataclass

from gensweep.orchestrator.store.damage import discard, set_aside
from gensweep.orchestrator.store.files import publish
from gensweep.orchestrator.store.inside import listed, read
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.store.location import Location
from gensweep.trainables.errors import CheckpointError

# What fills more than half of the memory cannot be continued from.
_MOST = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2  # bytes


@dataclass(frozen=True)
class CheckpointFiles:
    """One file per trial, replaced as a whole. A worker only writes while its launch's lease
    holds.
    """

    store: Store
    guard: Guard

    def load(self, trial_id: str) -> bytes | None:
        """Raises CheckpointError for what is no file or too large, and OSError."""
        path = self.store.checkpoint_file(trial_id)
        try:
            return read(self.store.root, path, _MOST)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno != errno.EFBIG:
                raise
            what = getattr(error, "strerror", error)
            raise CheckpointError(str(path), f"cannot be read ({what})") from error

    def save(self, trial_id: str, content: bytes) -> None:
        """Raises StoreError if it cannot be written, LeaseLostError if the lease is lost."""
        path = self.store.checkpoint_file(trial_id)
        publish(self.store.root, path, content, check=self.guard.check)

    def delete(self, trial_id: str) -> None:
        discard(self.store, self.store.checkpoint_file(trial_id))

    def set_aside(self, trial_id: str) -> Location | None:
        """Move a damaged checkpoint to the quarantine; return its new path."""
        return set_aside(self.store, self.store.checkpoint_file(trial_id))


def delete_checkpoints(store: Store, trial_ids: Collection[str]) -> None:
    """Delete those of trials that no longer need one; a killed worker may have left them."""
    for path in listed(store.root, store.checkpoints, "*.ckpt"):
        if path.stem in trial_ids:
            discard(store, path)
