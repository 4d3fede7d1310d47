"""A sweep file's text, and the TOML in it: bounded, and each error with its line."""

from __future__ import annotations

import codecs
import re
import tomllib
from pathlib import Path
from typing import Any

from gensweep.orchestrator.errors import SpecError
from gensweep.trainables.errors import GensweepError
from gensweep.trainables.shown import short

_MOST_BYTES = 1_000_000  # of a sweep file: some 100 000 values, which take a second to parse
# A key of many parts is a deep table, which takes time and stack to walk through.
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DEEP_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{32}}")


def read_text(path: Path) -> str:
    """The text of a file. Raises SpecError."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise SpecError([GensweepError(str(path), "no such sweep file")]) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise SpecError([GensweepError(str(path), f"cannot be read ({why})")]) from error
    if len(content) > _MOST_BYTES:
        raise _unreadable(str(path), "is too large", f"at most {_MOST_BYTES} bytes")
    return _decoded(content, str(path))


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """The content of a text; `source` is its name in errors. Raises SpecError."""
    if deep := _DEEP_KEY.search(text):
        where = f"{source}:{_line(text, deep.start())}: {short(deep[0], 60)}"
        raise _unreadable(where, "is nested too deep", "the keys of a sweep file")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{source}:{line[1] if line else len(text.splitlines())}"
        what = re.sub(r"\s*\(at .*\)$", "", str(error))
        raise _unreadable(where, f"not TOML: {what}") from error
    except RecursionError as error:
        deepest = max(text.split("\n"), key=lambda line: len(re.findall(r"[\[{]", line)))
        where = f"{source}:{_line(text, text.index(deepest))}"
        raise _unreadable(where, "is nested too deep", "lists of values") from error
    except ValueError as error:
        raise _unreadable(source, "not TOML: it has a number of thousands of digits") from error


def _decoded(content: bytes, source: str) -> str:
    """UTF-8 text, with or without a byte-order mark."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _unreadable(source, "cannot be read: it is UTF-16", "UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = content.startswith(codecs.BOM_UTF8) * len(codecs.BOM_UTF8) + error.start
        where = f"{source}:{_line(content.decode('latin-1'), start)}"
        raise _unreadable(
            where, f"cannot be read: byte 0x{content[start]:02x} is not UTF-8"
        ) from error


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _unreadable(where: str, what: str, allowed: str = "") -> SpecError:
    return SpecError([GensweepError(where, what, allowed)])
