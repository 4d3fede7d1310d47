"""Names of columns, each of which has to name one column."""

from __future__ import annotations

from collections.abc import Sequence


def distinct(names: Sequence[str]) -> list[str]:
    """The names with every repeated one numbered: `a, a, b, a` become `a, a_1, b, a_2`.

    A number that makes a name which is there already is passed over.
    """
    given, numbers, found = set(names), dict.fromkeys(names, 0), []
    used: set[str] = set()
    for name in names:
        new = name
        while new in used or (new is not name and new in given):
            numbers[name] += 1
            new = f"{name}_{numbers[name]}"
        used.add(new)
        found.append(new)
    return found
