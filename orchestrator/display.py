"""The interface between a launch and its display."""

from __future__ import annotations

from gensweep.orchestrator.job import Progress


class Display:
    """Shows the progress of a launch; this one shows nothing."""

    def started(self, trial_id: str) -> None:
        """A worker has started the trial."""

    def progressed(self, progress: Progress) -> None:
        """A trial has made progress, or ended."""

    def lost(self, trial_id: str, reason: str) -> None:
        """The trial's worker has died."""

    def said(self, line: str) -> None:
        """A message for the user."""
