"""Exceptions with which a trial of the theory stops early."""

from __future__ import annotations


class StoppedError(Exception):
    """The trial was told to stop."""


class DivergedError(Exception):
    """The training loss is no longer finite."""
