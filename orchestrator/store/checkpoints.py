"""The checkpoints of trials."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gensweep.orchestrator.store.damage import set_aside
from gensweep.orchestrator.store.files import listing, publish
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.store.location import Location


@dataclass(frozen=True)
class CheckpointFiles:
    """One file per trial, replaced as a whole. A worker only writes while its launch's lease
    holds.
    """

    store: Store
    guard: Guard

    def load(self, trial_id: str) -> bytes | None:
        try:
            return self.store.checkpoint_file(trial_id).read_bytes()
        except FileNotFoundError:
            return None

    def save(self, trial_id: str, content: bytes) -> None:
        """Raises StoreError if it cannot be written, LeaseLostError if the lease is lost."""
        publish(self.store.checkpoint_file(trial_id), content, check=self.guard.check)

    def delete(self, trial_id: str) -> None:
        self.store.checkpoint_file(trial_id).unlink(missing_ok=True)

    def set_aside(self, trial_id: str) -> Location | None:
        """Move a damaged checkpoint to the quarantine; return its new path."""
        return set_aside(self.store, self.store.checkpoint_file(trial_id))


def delete_checkpoints(store: Store, trial_ids: Collection[str]) -> None:
    """Delete those of trials that no longer need one; a killed worker may have left them."""
    for path in listing(store.checkpoints, "*.ckpt"):
        if path.stem in trial_ids:
            path.unlink(missing_ok=True)
