"""The names of a results folder's files and of what is in them. No other name is ever used.

Whoever reads a folder checks its names once, against these; what does not fit is damage.
"""

from __future__ import annotations

import re

TRIAL_ID = re.compile(r"[0-9a-f]{12}")
# A sweep. A lease holds trial ids and words, which fit too. Longer names are no file names.
NAME = re.compile(r"[a-z0-9_-]{1,200}")
NAME_ALLOWED = "a name of a-z, 0-9, _ and -, of at most 200 characters"


def is_name(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
