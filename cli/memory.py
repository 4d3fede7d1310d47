"""Whether an error means that memory has run out; libraries say so in their own words."""

from __future__ import annotations

import re

_WORDS = re.compile(
    r"failed to map segment|(cannot|can't|unable to) allocate|can't start new thread"
    r"|bad.alloc|out of memory|without (setting an )?exception( set)?",
    re.IGNORECASE,
)
_SPEAKING = (ImportError, OSError, RuntimeError, SystemError)


def ran_out(error: BaseException | None) -> bool:
    """Of the error, or of what caused it."""
    if error is None:
        return False
    named = isinstance(error, _SPEAKING) or type(error).__name__ == "OutOfMemoryException"
    found = isinstance(error, MemoryError) or (named and _WORDS.search(str(error)) is not None)
    return found or ran_out(error.__cause__)
