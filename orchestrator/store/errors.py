"""What can be wrong with a results folder."""

from __future__ import annotations

from gensweep.trainables.errors import GensweepError


class StoreError(GensweepError):
    """The results folder is missing, unreadable, not writable or busy."""


class LeaseLostError(StoreError):
    """Somebody else has taken over what this process was doing."""


class StoreBusyError(StoreError):
    """Somebody else is doing this to the results folder right now."""
