"""`report --brief` is one screen: the headline, a picture, and what to ask next."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Gensweep = Callable[..., Any]
REAL = Path(__file__).parents[2] / "docs" / "cifar10_cpu"


def on_terminal(results: Path, columns: int, lines: int) -> list[str]:
    """The lines that a terminal of this size shows of it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    sized = ("COLUMNS", "LINES", "NO_COLOR", "TERM")
    environment = {k: v for k, v in os.environ.items() if k not in sized}
    process = subprocess.Popen(
        [sys.executable, "-m", "gensweep", "report", "--brief"],
        stdout=theirs,
        env={**environment, "GENSWEEP_RESULTS": str(results), "TERM": "xterm"},
    )
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # its other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0
    return re.sub(r"\x1b\[\d*m|\r", "", said.decode()).splitlines()


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("lines", [24, 30, 50])
def test_it_fits_the_terminal_with_a_picture_where_there_is_room(columns: int, lines: int) -> None:
    shown = on_terminal(REAL, columns, lines)
    assert len(shown) < lines  # the prompt comes after it
    assert max(map(len, shown)) <= columns
    assert shown[0] == "In short"
    assert shown[1].startswith("Random labels are fitted by 2 of 3 networks")
    drawn = "Figure 1a: training loss on true and randomized data" in shown
    assert drawn or (columns, lines) == (80, 24)  # where the headline takes four lines
    assert shown[-3].startswith("gensweep report ")
    assert '"from trials"' in shown[-1]


def test_small_terminals_have_the_sentences_alone() -> None:
    shown = on_terminal(REAL, 40, 10)
    assert shown[0] == "In short"
    assert not any("Figure" in line for line in shown)


def test_it_is_a_view_of_its_own(gensweep: Gensweep, results: Path) -> None:
    for options in (("--only", "claims"), ("--format", "csv"), ("--html", "-"), ("--paper",)):
        done = gensweep("report", "--brief", *options)
        assert (done.code, "goes with no other option" in done.err) == (2, True)


def test_what_to_ask_next_can_be_asked(gensweep: Gensweep, results: Path, tmp_path: Path) -> None:
    out = gensweep("report", "made", "--brief").out
    commands = [line.split("  ")[0] for line in out.splitlines() if line.startswith("gensweep ")]
    assert len(commands) == 3
    for command in commands:
        done = gensweep(*shlex.split(command)[1:])
        assert done.code == 0, done.err
