"""The output formats every reading command knows."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    LATEX = "latex"

    @property
    def readable(self) -> bool:
        """Whether values are written out as a person reads them, and not bare for programs."""
        return self in (Format.TABLE, Format.MARKDOWN, Format.LATEX)
