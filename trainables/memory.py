"""How a training process handles its main memory."""

from __future__ import annotations

import ctypes
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's names in malloc.h: M_TRIM_THRESHOLD, ...
_NEVER = 2**31 - 1  # bytes
_LARGEST = 32 << 20  # bytes, beyond which glibc asks the system for every tensor


@cache
def keep_freed_memory() -> bool:
    """Keep what a step frees for the next one, which needs as much; whether that is possible here.

    glibc would give it back to the system, which then clears every page of it anew: with
    convolutions a tenth of a step and more (docs/performance.md).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_TRIM_THRESHOLD, _NEVER))
