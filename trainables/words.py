"""Quantities in words."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Such as `45 s`, `12 min`, `3.5 h` or `2.1 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def counted(count: int, noun: str) -> str:
    """Such as `1 trial` or `2 trials`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")


def times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")
