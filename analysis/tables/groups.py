"""Records in groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from gensweep.analysis.tables.column import Record

Kind = TypeVar("Kind", bound=Record)


def split(records: Sequence[Kind], *columns: str) -> Iterator[list[Kind]]:
    """The records in groups that agree in the columns; the order of both stays."""
    groups: dict[tuple[Any, ...], list[Kind]] = {}
    for record in records:
        groups.setdefault(tuple(record[c] for c in columns), []).append(record)
    yield from groups.values()
