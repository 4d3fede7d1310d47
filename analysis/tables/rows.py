"""A result that is read once, row by row, and may be larger than memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from gensweep.analysis.tables.table import Row, Table


@dataclass(frozen=True)
class Rows:
    """name and columns: as those of a Table."""

    name: str
    columns: Sequence[str]
    rows: Iterator[Row]

    def beginning(self, most: int, whole: str) -> Table:
        """The first rows; of the others, how many there are and what shows them."""
        kept = [*islice(self.rows, most)]
        more = sum(1 for _ in self.rows)
        note = f"the first {most} of {most + more} rows; {whole}"
        return Table(self.name, self.columns, kept, notes=[note] if more else [])
