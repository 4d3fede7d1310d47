"""The one way from what a person writes to a path."""

from __future__ import annotations

import os
from pathlib import Path

_MOST_BYTES = 4000  # of a path, and of a name in it: what file systems take
_MOST_IN_NAME = 255


def user_path(text: str) -> Path:
    """The path that a person means: `~` is their home folder wherever it was written.

    A shell expands `~` at the start of a word only, so not in `--results=~/results`; `./~` is a
    folder of that name. Raises ValueError for what no path can be.
    """
    if "\0" in text:
        raise ValueError("has a NUL in it")
    longest = max(len(os.fsencode(name)) for name in [*Path(text).parts, ""])
    if longest > _MOST_IN_NAME or len(os.fsencode(text)) > _MOST_BYTES:
        raise ValueError(f"{text[:20]}… is too long for a path")
    try:
        return Path(os.path.expanduser(text))  # noqa: PTH111  # pathlib drops the ./ of ./~ first
    except UnicodeError:
        raise ValueError("is not text") from None
