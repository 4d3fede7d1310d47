"""Write docs/commands.md: what every command says of itself.

python docs/reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from gensweep.cli.main import app

PAGE = Path(__file__).parent / "commands.md"
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


if __name__ == "__main__":
    PAGE.write_text(reference())
