"""A column: what its values are, and how a person reads them. Every format is made of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from gensweep.trainables.shown import shown

Record = Mapping[str, Any]
NOTHING = "–"


def plain(value: Any) -> str:
    """A value as a person reads it where nothing more is known of it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        whole = 1e3 <= abs(value) < 1e15  # written out, not as 2.5e+04
        return f"{value:.0f}" if whole else f"{value:.4g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


class Cell(NamedTuple):
    """value: what a row is sorted by. text: what a person reads."""

    value: Any
    text: str


@dataclass(frozen=True)
class Column:
    """A column of what a person reads.

    name:    stands above it.
    value:   the bare value: a key of the record, by default the name, or a function of the record.
    text:    writes the value; one that is None reads `–`.
    cell:    writes the record instead, where the value alone does not say it.
    unsaid:  values that go without saying, whose cells are empty.
    keep:    `filled`: left out where no row has anything to say in it;
             `varying`: left out where all rows say the same.
    align:   by default numbers stand right, and all else left.
    unbroken: never broken over lines.
    short:   stands above it where room is scarce.
    """

    name: str
    value: str | Callable[[Any], Any] = ""
    text: Callable[[Any], str] = plain
    cell: Callable[[Any], str] | None = None
    unsaid: Sequence[Any] = ()
    keep: Literal["always", "filled", "varying"] = "always"
    align: Literal["left", "right"] | None = None
    unbroken: bool = False
    short: str = ""

    @property
    def heading(self) -> str:
        return self.short or self.name.replace("_", " ")

    def of(self, record: Any) -> Cell:
        read = self.value
        value = read(record) if callable(read) else record[read or self.name]
        if value in self.unsaid:
            return Cell(value, "")
        if self.cell:
            return Cell(value, shown(self.cell(record)))
        return Cell(value, NOTHING if value is None else shown(self.text(value)))

    def is_kept(self, cells: Sequence[Cell]) -> bool:
        if self.keep == "varying":
            return len({cell.value for cell in cells} - {None}) > 1
        return self.keep == "always" or any(cell.value and cell.text for cell in cells)

    def is_right(self, cells: Sequence[Cell]) -> bool:
        if self.align:
            return self.align == "right"
        return all(isinstance(cell.value, int | float | Decimal | None) for cell in cells)
