"""Run the commands of a page's `console` blocks again, and put what they print into the page.

    GENSWEEP_RESULTS=results python docs/refresh.py README.md docs/results.md

In a block, every line that begins with `$ ` is a command; a block whose first command is not a
`gensweep` that only reads is left as it is. The pages show what was really printed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_BLOCK = re.compile(r"```console\n(?P<body>.*?)```", re.DOTALL)
_READS = ("$ gensweep query", "$ gensweep report", "$ gensweep plan", "$ gensweep status")
_WIDTH = "100"


def refreshed(block: re.Match[str]) -> str:
    commands = [line for line in block["body"].splitlines() if line.startswith("$ ")]
    if not commands or not commands[0].startswith(_READS):
        return block[0]
    parts = [f"{command}\n{output(command.removeprefix('$ '))}" for command in commands]
    return "```console\n" + "\n".join(parts) + "```"


def output(command: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": _WIDTH}
    done = subprocess.run(
        command, shell=True, env=environment, capture_output=True, encoding="utf-8", check=True
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def refresh(text: str) -> str:
    """A page's text with the output of its commands as it is now."""
    return _BLOCK.sub(refreshed, text)


def main() -> None:
    for page in map(Path, sys.argv[1:]):
        page.write_text(refresh(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
