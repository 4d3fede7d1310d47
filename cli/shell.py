"""Statements and commands, from a prompt or a pipe."""

from __future__ import annotations

import re

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.tables.table import Table
from gensweep.cli.formats import Format
from gensweep.cli.output import MOST, emit

HELP = """\
SELECT …;       ask the results; a statement may have many lines and ends with ;
.views          the views
.views NAME     the columns of a view
.refresh        read the results again
.help           this text
.quit           leave; so do quit, exit and Ctrl-D. Ctrl-C clears what is typed"""
COMMANDS = (".views", ".refresh", ".help", ".quit")
# What other shells call them.
_MEANT = {
    **dict.fromkeys((".tables", ".schema", "\\d", "\\dt"), ".views"),
    **dict.fromkeys((".exit", ".q", "quit", "exit", "\\q"), ".quit"),
    **dict.fromkeys(("help", "?", "\\?", "\\h"), ".help"),
}
MOST_TEXT = 1_000_000  # characters of a statement
_MOST = 200  # rows shown to a person

# Tokens in which a semicolon ends no statement; an unclosed one extends to the end.
_PIECES = re.compile(
    r"""'(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z) | --[^\n]* | /\*.*?(?:\*/|\Z)
    | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z) | ; | .""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)


def split(text: str) -> tuple[list[str], str]:
    """The complete statements without their semicolons, and the text after the last one."""
    statements, current = [], ""
    for piece in _PIECES.finditer(text):
        if piece[0] == ";":
            statements.append(current)
            current = ""
        else:
            current += piece[0]
    return statements, current


def blank(text: str) -> bool:
    """Whether the text is only spaces and comments."""
    return not _COMMENT.sub("", text).strip()


def complete(text: str) -> bool:
    """Whether Enter runs the text instead of starting another line."""
    return _is_command(text) or blank(text) or blank(split(text)[1])


def _is_command(text: str) -> bool:
    """Such as `.views steps`, or `quit;` as it is typed elsewhere."""
    first, *_ = text.rstrip(";\n ").split() or [""]
    return first.startswith(".") or (first in _MEANT and len(text.split()) <= 2)


class Shell:
    """The results, and how they are shown."""

    def __init__(self, db: Database, format: Format | None, safe_csv: bool = False) -> None:
        self._db = db
        self._safe_csv = safe_csv
        self._format = format

    def run(self, text: str, people: bool = False) -> bool:
        """Run statements or a command, and say whether to go on. Raises QueryError.

        people: lay out only the beginning of long results.
        """
        if _is_command(text):
            name, *arguments = text.rstrip(";\n ").split()
            return self._command(_MEANT.get(name, name), *arguments)
        statements, rest = split(text)
        for statement in [*statements, rest]:
            if not blank(statement):
                most = _MOST if people else MOST
                emit([self._db.rows(statement)], self._format, self._safe_csv, most)
        return True

    def _command(self, name: str, *arguments: str) -> bool:
        if name == ".quit":
            return False
        if name == ".views":
            emit([self._columns(*arguments[:1])], self._format)
        elif name == ".refresh":
            self._db.refresh()
        elif name == ".help":
            emit([Table("help", [], [], notes=HELP.splitlines())], Format.TABLE)
        else:
            raise QueryError(name, "is no command", "one of " + ", ".join(COMMANDS))
        return True

    def _columns(self, view: str | None = None) -> Table:
        if view is None:
            return Table("views", ["view"], [[name] for name in VIEWS])
        if view not in VIEWS:
            raise QueryError(f".views {view}", "is no view", "one of " + ", ".join(VIEWS))
        return self._db.table(
            "select column_name, data_type from duckdb_columns() "
            "where table_name = ? order by column_index",
            [view],
        )
