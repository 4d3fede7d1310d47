"""What errors say of names and values that are not known, however long they are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from reprlib import Repr
from typing import Any

from gensweep.trainables.shown import short

_MOST_NAMES = 100  # in an error, and among which to look for the nearest


def unknown(kind: str, name: Any, known: Iterable[str]) -> tuple[str, str]:
    """(what is wrong, what is allowed) with a name that is not known, or is no name."""
    names = [short(one, 60) for one in islice(known, _MOST_NAMES + 1)]
    said = short(name if isinstance(name, str) else brief(name), 60)
    near = get_close_matches(said, names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    if len(names) > _MOST_NAMES:
        names[_MOST_NAMES:] = ["…"]
    return f"unknown {kind} {said!r}{hint}", "one of " + ", ".join(names)


class _Brief(Repr):
    """Of any value that a sweep file may hold: long, deep, or with a million digits."""

    def repr_bool(self, x: bool, level: int) -> str:
        return str(x).lower()  # as TOML has it

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if abs(x) < 10**30 else f"a number of {x.bit_length()} bits"


_brief = _Brief()
_brief.maxlevel, _brief.maxstring, _brief.maxother = 3, 60, 60
brief = _brief.repr
