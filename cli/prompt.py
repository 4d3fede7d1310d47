"""The shell's prompt: history, completion, colours, and statements of many lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from platformdirs import user_state_path
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer  # type: ignore[import-untyped]

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.cli.shell import COMMANDS, complete

_KEYWORDS = (
    *("select", "from", "where", "group by", "group by all", "order by", "order by all", "limit"),
    *("join", "left join", "using", "on", "as", "and", "or", "not", "in", "is null", "between"),
    *("with", "having", "union all", "distinct", "case", "when", "then", "else", "end", "desc"),
    *("filter", "over", "partition by", "qualify", "exclude", "replace", "explain", "pivot"),
    *("count", "sum", "avg", "min", "max", "median", "stddev_samp", "arg_min", "arg_max", "list"),
    *("round", "coalesce", "corr", "quantile_cont", "half_width"),
)


def history_file() -> Path:
    """The file that keeps the history."""
    folder = user_state_path("gensweep", appauthor=False, ensure_exists=True)
    return folder / "sql_history"


def words(db: Database) -> list[str]:
    """The words that completion offers: views, their columns, keywords and the shell's commands."""
    views = ", ".join(f"'{view}'" for view in VIEWS)
    columns = f"select distinct column_name from duckdb_columns() where table_name in ({views})"
    found = [row[0] for row in db.table(f"{columns} order by all").rows]
    return [*VIEWS, *(name for name in found if name not in VIEWS), *_KEYWORDS, *COMMANDS]


def session(db: Database, **terminal: Any) -> PromptSession[str]:
    """terminal: `input` and `output` in place of this process's own."""
    return PromptSession(
        "gensweep> ",
        multiline=True,
        prompt_continuation="     ...> ",
        history=FileHistory(history_file()),
        completer=WordCompleter(words(db), ignore_case=True),
        complete_while_typing=False,
        lexer=PygmentsLexer(SqlLexer),
        key_bindings=_keys(),
        **terminal,
    )


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        if complete(event.current_buffer.text):
            event.current_buffer.validate_and_handle()
        else:
            event.current_buffer.insert_text("\n")

    return keys
