"""The lines of keys in a TOML file, which the standard parser does not report."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

# Possessive, so that a line of any content takes time in proportion to its length.
_HEADER = re.compile(r"^\s*+(\[\[?+)(?P<name>[^\[\]]++)\]{1,2}\s*+(#.*)?$")
_KEY = re.compile(r"^\s*+(?P<key>[A-Za-z0-9_.\"'-]++)\s*+=")


def line_numbers(text: str) -> dict[Path, int]:
    """Line (from 1) of every table header and of every key that starts a line."""
    found: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):  # as TOML counts lines
        if header := _HEADER.match(line):
            table = _parts(header["name"])
            if header[1] == "[[":
                index = counts[table] = counts.get(table, -1) + 1
                found.setdefault(table, number)
                table = (*table, index)
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key["key"])), number)
    return found


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of a key, or of the nearest table around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _parts(name: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in name.split("."))
