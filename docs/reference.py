"""Write docs/commands.md, and the table of a trial's fields in docs/sweeps.md, from the code.

python docs/reference.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import typer

from gensweep.cli.main import app
from gensweep.orchestrator.fields import allowed, trial_fields
from gensweep.trainables.fields import Field, text

PAGE = Path(__file__).parent / "commands.md"
SWEEPS = Path(__file__).parent / "sweeps.md"
_TABLE = re.compile(r"^\| field \|.*?(?=\n\n)", re.MULTILINE | re.DOTALL)
_HEAD = """# Commands

What each command prints with `--help`, written by `python docs/reference.py`. What the commands are
for, and what their exit codes mean, is in [sweeps.md](sweeps.md#commands).
"""


def reference() -> str:
    """The page as the code has it now."""
    group: Any = typer.main.get_command(app)
    with group.make_context("gensweep", [], resilient_parsing=True) as context:
        parts = [f"## {name}\n\n```text\n{text}\n```\n" for name, text in _helps(group, context)]
    return "\n".join([_HEAD, *parts])


def _helps(group: Any, context: Any) -> Iterator[tuple[str, str]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        with command.make_context(
            name, [], parent=context, resilient_parsing=True, terminal_width=100
        ) as own:
            if hasattr(command, "commands"):
                yield from ((f"{name} {inner}", text) for inner, text in _helps(command, own))
            else:
                lines = command.get_help(own).splitlines()
                yield name, "\n".join(line.rstrip() for line in lines)


def with_fields(page: str) -> str:
    """A page whose table of fields is as the code declares them."""
    rows = [_row(field) for field in trial_fields("classifier").values()]
    head = ["| field | default | allowed | meaning |", "|---|---|---|---|"]
    return _TABLE.sub("\n".join([*head, *rows]).replace("\\", r"\\"), page)


def _row(field: Field) -> str:
    default = "–" if field.default is MISSING else text(field.default)
    if field.type is str and field.default is not MISSING:
        default = f"`{default}`"
    if field.name == "seed":
        default = "from `seeds`"
    words = allowed(field.name, "classifier").removeprefix("one of ")
    if field.type is str:
        words = ", ".join(f"`{name}`" for name in words.split(", "))
    return f"| `{field.name}` | {default} | {words} | {field.about.meaning} |"


if __name__ == "__main__":
    PAGE.write_text(reference(), "utf-8")
    SWEEPS.write_text(with_fields(SWEEPS.read_text("utf-8")), "utf-8")
