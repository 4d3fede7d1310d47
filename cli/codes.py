"""What the program's exit code means."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """0 ok, 1 trials failed or the query is wrong, 2 usage or sweep file wrong,
    3 store, data or cluster unusable, 130 interrupted.
    """

    OK = 0
    FAILED = 1
    USAGE = 2
    UNUSABLE = 3
    INTERRUPTED = 130
