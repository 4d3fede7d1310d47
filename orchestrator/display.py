"""What a launch tells whoever shows it."""

from __future__ import annotations

from typing import Protocol

from gensweep.orchestrator.job import Progress


class Display(Protocol):
    """Shows how a launch goes."""

    def started(self, trial_id: str) -> None:
        """A worker has taken the trial."""

    def progressed(self, progress: Progress) -> None:
        """A trial has come further, or ended."""

    def lost(self, trial_id: str) -> None:
        """The trial's worker has died."""

    def said(self, line: str) -> None:
        """Something a person should know."""


class Silent:
    """Shows nothing."""

    def started(self, trial_id: str) -> None: ...

    def progressed(self, progress: Progress) -> None: ...

    def lost(self, trial_id: str) -> None: ...

    def said(self, line: str) -> None: ...
