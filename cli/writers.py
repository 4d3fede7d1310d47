"""Tables as text for programs and documents: csv, JSON, JSON lines, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gensweep.analysis.tables.table import Table, formatted
from gensweep.cli.formats import Format
from gensweep.cli.latex import latex

# What Markdown would act upon.
_MARKS = re.compile(r"[<`]|\](?=[(\[])|\\(?=[^\w\s])|&(?=#?\w+;)")


def _csv(tables: Sequence[Table]) -> str:
    """Several tables follow each other, each under a line `# name`."""
    out = _UnixLines()
    writer = csv.writer(out)
    for index, table in enumerate(tables):
        if len(tables) > 1:
            out.write(("\n" if index else "") + f"# {table.name}\n")
        writer.writerow(table.columns)
        writer.writerows([["" if v is None else _exact(v) for v in row] for row in table.rows])
    return out.getvalue()


class _UnixLines(io.StringIO):
    r"""Ends lines in \n that csv ends in \r\n, which makes it quote cells that have either."""

    def write(self, text: str, /) -> int:
        return super().write(text.removesuffix("\r\n") + "\n" if text.endswith("\r\n") else text)


def _exact(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(_jsonable(value))
    return value


def _json(tables: Sequence[Table]) -> str:
    """One table is a list of rows, several are an object of lists."""
    content: Any = {table.name: _records(table) for table in tables}
    if len(tables) == 1:
        content = content[tables[0].name]
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _jsonl(tables: Sequence[Table]) -> str:
    """One row per line; with several tables, each row names its table."""
    lines = []
    for table in tables:
        extra = {"table": table.name} if len(tables) > 1 else {}
        lines += [json.dumps({**extra, **row}, allow_nan=False) for row in _records(table)]
    return "".join(line + "\n" for line in lines)


def _records(table: Table) -> list[dict[str, Any]]:
    return [{k: _jsonable(v) for k, v in record.items()} for record in table.records()]


def _jsonable(value: Any) -> Any:
    """JSON has no dates, and no numbers that are not finite."""
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): _jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    return str(value)


def _markdown(tables: Sequence[Table]) -> str:
    parts = []
    for table in tables:
        shown = formatted(table)
        lines = [f"### {_as_text(shown.title)}", ""] if len(tables) > 1 else []
        if not shown.columns:  # text alone
            parts.append("\n".join([*lines, *_fenced(shown.notes)]) + "\n")
            continue
        lines.append("| " + " | ".join(_cell(column.name) for column in shown.columns) + " |")
        lines.append("|" + "---|" * len(shown.columns))
        lines += ["| " + " | ".join(map(_cell, texts)) + " |" for texts in shown.texts()]
        lines += ["", *map(_as_text, shown.notes)] if shown.notes else []
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _as_text(text: str) -> str:
    """Text that is neither HTML, nor a link, nor code."""
    return _MARKS.sub(r"\\\g<0>", text.replace("\n", " "))


def _cell(text: str) -> str:
    return _as_text(text).replace("|", "\\|")


def _fenced(lines: Sequence[str]) -> list[str]:
    """Lines as code, between fences that are longer than any of theirs."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", "\n".join(lines))), 0)
    return [fence, *lines, fence]


WRITERS: dict[Format, Callable[[Sequence[Table]], str]] = {
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.JSONL: _jsonl,
    Format.MARKDOWN: _markdown,
    Format.LATEX: latex,
}
