"""Errors that a user can act on."""

from __future__ import annotations

from collections.abc import Sequence

from gensweep.trainables.shown import shown


class GensweepError(Exception):
    """One line for a person: ``where: what; allowed; todo``.

    where:    the file, option, trial or dataset at fault.
    what:     what is wrong with it.
    allowed:  the allowed values (may be empty).
    todo:     the next command or step (may be empty).
    problems: the errors that this one stands for, one line each; by default the error itself.
    """

    def __init__(self, where: str, what: str, allowed: str = "", todo: str = "") -> None:
        self.where, self.what, self.allowed, self.todo = where, what, allowed, todo
        details = "; ".join(part for part in (what, allowed, todo) if part)
        super().__init__(shown(f"{where}: {details}" if where else details))
        self.problems: Sequence[GensweepError] = [self]

    def __reduce__(self) -> tuple[type[GensweepError], tuple[str, str, str, str]]:
        # Exceptions cross process borders in Ray; the default would rebuild from the joined text.
        return type(self), (self.where, self.what, self.allowed, self.todo)


class DataError(GensweepError):
    """A dataset is missing, unreadable or not the official one."""


class TrialError(GensweepError):
    """A trial's settings contradict each other."""


class CheckpointError(GensweepError):
    """A saved state is damaged, of another format, of another trial or of another device."""


class DeviceMemoryError(GensweepError):
    """The accelerator is out of memory."""


class RankLostError(Exception):
    """Another process of a trial is gone, and this one cannot go on without it."""
