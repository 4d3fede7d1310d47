"""What can be wrong with a question."""

from __future__ import annotations

from gensweep.trainables.errors import GensweepError


class QueryError(GensweepError):
    """The SQL is wrong, or does more than read."""


class ExportError(GensweepError):
    """There is no writing the results there, or not in this format."""
