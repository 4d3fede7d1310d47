"""Errors of sweep files and clusters."""

from __future__ import annotations

from collections.abc import Sequence

from gensweep.trainables.errors import GensweepError


class SpecError(GensweepError):
    """A sweep file cannot be used; `problems` has one error for each thing wrong with it."""

    def __init__(self, problems: Sequence[GensweepError]) -> None:
        super().__init__("", "\n".join(map(str, problems)))
        self.problems = list(problems)

    def __reduce__(self) -> tuple[type[SpecError], tuple[Sequence[GensweepError]]]:  # type: ignore[override]
        return type(self), (self.problems,)


class ClusterError(GensweepError):
    """Ray cannot be started or reached, or lacks what a trial needs."""

    @classmethod
    def all(cls, problems: Sequence[ClusterError]) -> ClusterError:
        """One error for several; `problems` lists them."""
        error = cls("", "\n".join(map(str, problems)))
        error.problems = list(problems)
        return error


class RayLostError(ClusterError):
    """The Ray that trials run on has died."""
