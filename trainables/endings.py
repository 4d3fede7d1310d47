"""How a trial that trains no classifier leaves the middle of its work."""

from __future__ import annotations


class StoppedError(Exception):
    """It was told to stop."""


class DivergedError(Exception):
    """Its training loss is not finite any more."""
