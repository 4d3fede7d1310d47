"""How far a trial is."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """In the order of a trial's life; each is the text that is stored."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    DIVERGED = "diverged"  # a loss was not finite
    FAILED = "failed"  # an error, which another attempt may not meet
    INTERRUPTED = "interrupted"  # continues from its checkpoint when it is launched again

    @property
    def complete(self) -> bool:
        """Whether the trial came to an end of its own, and is never run again."""
        return self in (Status.DONE, Status.DIVERGED)

    @property
    def ended(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self.complete or self is Status.FAILED


ENDED = tuple(status for status in Status if status.ended)
COMPLETE = tuple(status for status in Status if status.complete)
