"""Errors of a results folder."""

from __future__ import annotations

from gensweep.trainables.errors import GensweepError


class StoreError(GensweepError):
    """The results folder is missing, unreadable, not writable or busy."""


class LeaseLostError(StoreError):
    """Another process has taken over this one's work."""


class StoreBusyError(StoreError):
    """Another process is doing this to the results folder right now."""
