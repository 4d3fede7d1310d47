"""Text that may come from anybody, made safe to show to a person."""

from __future__ import annotations

from unicodedata import category

# Controls, format characters (marks that turn text around or have no width), lone surrogates, and
# separators of lines and paragraphs.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))

# A spreadsheet runs what begins with one of these, and is no number.
FORMULA = "-+=@\t\r\n＝＋－＠"


def shown(text: str, kept: str = "\n\t") -> str:
    r"""The text with every character escaped that a terminal would obey or hide, such as `\x1b`.

    kept: those that stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode("ascii")
        if not c.isprintable() and c not in kept and category(c) in _UNSEEN
        else c
        for c in text
    )


def line(text: str) -> str:
    """The same, on one line."""
    return shown(text, kept="")


def short(text: str, most: int = 100) -> str:
    """A text that may be anything as one line: its middle left out if it is long."""
    line = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    half = (most - 1) // 2
    return line if len(line) <= most else f"{line[:half]}…{line[-half:]}"
