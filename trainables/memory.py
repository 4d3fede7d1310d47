"""How a training process manages main memory."""

from __future__ import annotations

import ctypes
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's names in malloc.h: M_TRIM_THRESHOLD, ...
_NEVER = 2**31 - 1  # bytes
_LARGEST = 32 << 20  # bytes, beyond which glibc asks the system for every tensor


@cache
def keep_freed_memory() -> bool:
    """Keep the memory that a step frees for the next step. Returns whether this C library can.

    By default glibc returns it to the system, which clears every page before the next use: a tenth
    of a step or more with convolutions (docs/performance.md).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_TRIM_THRESHOLD, _NEVER))
