"""Tables as text for programs and documents: csv, JSON, JSON lines, Markdown and LaTeX.

The formats for programs hold one row at a time, so a result may be larger than memory.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from gensweep.analysis.tables.names import distinct
from gensweep.analysis.tables.rows import Rows
from gensweep.analysis.tables.table import Table, formatted
from gensweep.cli.formats import Format
from gensweep.cli.latex import latex

# What Markdown would act upon.
_MARKS = re.compile(r"[<`]|\](?=[(\[])|\\(?=[^\w\s])|&(?=#?\w+;)")
_ONE_LINE = json.JSONEncoder(allow_nan=False)
_INDENTED = json.JSONEncoder(allow_nan=False, indent=1)


def _csv(tables: Sequence[Table | Rows]) -> Iterator[str]:
    """Several tables follow each other, each under a line `# name`."""
    line = csv.writer(SimpleNamespace(write=_unix_line)).writerow
    for index, table in enumerate(tables):
        if len(tables) > 1:
            yield ("\n" if index else "") + f"# {table.name}\n"
        yield line(table.columns)
        for row in table.rows:
            yield line([v if type(v) in _AS_THEY_ARE else _exact(v) for v in row])


_AS_THEY_ARE = (str, int, float)


def _unix_line(text: str) -> str:
    r"""Ended in \n where csv ends it in \r\n, which makes it quote cells that have either."""
    return text.removesuffix("\r\n") + "\n"


def _exact(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(_jsonable(value))
    return value


def _json(tables: Sequence[Table | Rows]) -> Iterator[str]:
    """One table is a list of rows, several are an object of lists."""
    if len(tables) == 1:
        yield from _list(tables[0], "")
        yield "\n"
        return
    if not tables:
        yield "{}\n"
        return
    for index, table in enumerate(tables):
        yield (",\n " if index else "{\n ") + _ONE_LINE.encode(table.name) + ": "
        yield from _list(table, " ")
    yield "\n}\n"


def _list(table: Table | Rows, indent: str) -> Iterator[str]:
    """The rows as `json.dumps` with an indent of 1 writes them."""
    between = f"\n{indent}  "
    names = [_ONE_LINE.encode(name) for name in table.columns]
    before = f"[\n{indent} "
    for row in table.rows:
        values = (_indented(value, between) for value in row)
        cells = [f"{name}: {value}" for name, value in zip(names, values, strict=True)]
        yield before + ("{" + between + f",{between}".join(cells) + f"\n{indent} }}")
        before = f",\n{indent} "
    yield f"\n{indent}]" if before[0] == "," else "[]"


def _indented(value: Any, between: str) -> str:
    if isinstance(value, list | tuple | Mapping):
        return _INDENTED.encode(_jsonable(value)).replace("\n", between)
    return _ONE_LINE.encode(_jsonable(value))


def _jsonl(tables: Sequence[Table | Rows]) -> Iterator[str]:
    """One row per line; with several tables, each row names its table."""
    for table in tables:
        first = ["table"] if len(tables) > 1 else []
        names = distinct([*first, *table.columns])
        for row in table.rows:
            values = [table.name, *row] if first else row
            yield _ONE_LINE.encode(dict(zip(names, map(_jsonable, values), strict=True))) + "\n"


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


def _markdown(tables: Sequence[Table]) -> Iterator[str]:
    parts = []
    for table in tables:
        shown = formatted(table)
        lines = [f"### {_as_text(shown.title)}", ""] if len(tables) > 1 else []
        if not shown.columns:  # text alone
            parts.append("\n".join([*lines, *_fenced(shown.notes)]) + "\n")
            continue
        if shown.prose:
            parts.append("\n".join([*lines, *(_as_text(text) for (text,) in shown.texts())]) + "\n")
            continue
        lines.append("| " + " | ".join(_cell(column.name) for column in shown.columns) + " |")
        lines.append("|" + "---|" * len(shown.columns))
        lines += ["| " + " | ".join(map(_cell, texts)) + " |" for texts in shown.texts()]
        lines += ["", *map(_as_text, shown.notes)] if shown.notes else []
        parts.append("\n".join(lines) + "\n")
    yield "\n".join(parts)


def _as_text(text: str) -> str:
    """Text that is neither HTML, nor a link, nor code."""
    return _MARKS.sub(r"\\\g<0>", text.replace("\n", " "))


def _cell(text: str) -> str:
    return _as_text(text).replace("|", "\\|")


def _fenced(lines: Sequence[str]) -> list[str]:
    """Lines as code, between fences that are longer than any of theirs."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", "\n".join(lines))), 0)
    return [fence, *lines, fence]


def _latex(tables: Sequence[Table]) -> Iterator[str]:
    yield latex(tables)


# Those for programs take rows as they come; those for people, whole tables.
WRITERS: dict[Format, Callable[[Sequence[Any]], Iterable[str]]] = {
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.JSONL: _jsonl,
    Format.MARKDOWN: _markdown,
    Format.LATEX: _latex,
}
