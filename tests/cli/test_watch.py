"""A sweep is watched from its store alone, as it grows, on a terminal and in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gensweep.analysis.database.connection import Database
from gensweep.analysis.progress.watch import look
from gensweep.cli.live import lines, picture
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import sweep_rows
from gensweep.trainables.classifier.trial import ClassifierTrial

Gensweep = Callable[..., Any]
Write = Callable[..., ClassifierTrial]
TRIALS = [
    ClassifierTrial(model="mlp_1x512", randomization="partial_labels", epochs=3, seed=seed)
    for seed in (0, 1)
]
PROGRAM = str(Path(sys.executable).parent / "gensweep")


@pytest.fixture
def growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A sweep of two trials, `two`, of which none has begun."""
    monkeypatch.chdir(tmp_path)
    store = Store.create("results")
    publish_table(store.root, store.sweep_file("two"), sweep_rows("two", [(t, ()) for t in TRIALS]))
    return store


class Screen:
    """A program in a terminal of its own."""

    def __init__(self, arguments: list[str], columns: int, rows: int) -> None:
        self.text = ""
        pid, self.fd = pty.fork()
        if pid == 0:
            kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
            time.sleep(0.2)  # until the terminal has its size
            os.execve(arguments[0], arguments, {**kept, "TERM": "xterm", "NO_COLOR": "1"})
        self.pid = pid
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, wanted: str, seconds: float = 90.0) -> None:
        """Read on until the text, without its escape sequences, has these words."""
        end = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < end, self.text
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.text += _plain(os.read(self.fd, 65536))
                except OSError:  # the program has gone
                    assert wanted in self.text, self.text

    def ended(self) -> int:
        """The exit code, once the program has ended by itself."""
        while True:
            try:
                found = os.read(self.fd, 65536)
            except OSError:  # the program has gone
                break
            self.text += _plain(found)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _plain(written: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode(errors="replace"))


@pytest.fixture
def screens() -> Iterator[list[Screen]]:
    opened: list[Screen] = []
    yield opened
    for screen in opened:
        try:
            os.kill(screen.pid, signal.SIGKILL)
            os.waitpid(screen.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(screen.fd)


@pytest.mark.parametrize(("columns", "rows"), [(80, 50), (40, 24)])
def test_it_follows_a_store_that_grows_and_ends_with_the_last_trial(
    growing: Store, write_trial: Write, screens: list[Screen], columns: int, rows: int
) -> None:
    screen = Screen([PROGRAM, "watch", "two", "--every", "0.1"], columns, rows)
    screens.append(screen)
    screen.until("two: 0 of 2 done, 2 planned; no launch")
    with claim_trials(growing, "launch of two", [TRIALS[0].trial_id]):
        write_trial(growing, "running", (0.5, 0.25), model="mlp_1x512")
        screen.until("0 of 2 done, 1 planned, 1 running\r\n")
        screen.until("2/3   25.00  25.00")  # its training errors
        write_trial(growing, "done", (0.5, 0.25, 0.0), model="mlp_1x512")
    screen.until("1 of 2 done, 1 planned")
    write_trial(growing, "done", (0.5, 0.0, 0.0), model="mlp_1x512", seed=1)
    screen.until("two: 2 of 2 done")
    assert screen.ended() == 0
    assert "2.5" in screen.text  # the mean of the epochs to training error 0
    assert ("(error %)" in screen.text) == (rows > 30)


def test_ctrl_c_ends_it_as_an_interrupt_and_leaves_the_terminal_in_order(
    growing: Store, screens: list[Screen]
) -> None:
    screen = Screen([PROGRAM, "watch"], 80, 24)
    screens.append(screen)
    screen.until("all trials: 0 of 2 done, 2 planned")
    os.write(screen.fd, b"\x03")
    screen.until("gensweep: interrupted")
    assert screen.ended() == 130
    assert "Traceback" not in screen.text


def test_in_a_pipe_there_is_a_line_per_event(growing: Store, write_trial: Write) -> None:
    with subprocess.Popen(
        [PROGRAM, "watch", "two", "--every", "0.1"], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "0 of 2 done, 2 planned; no launch is running\n"
        with claim_trials(growing, "launch of two", [trial.trial_id for trial in TRIALS]):
            assert running.stdout.readline() == "0 of 2 done, 2 planned\n"
        assert running.stdout.readline() == "0 of 2 done, 2 planned; no launch is running\n"
        write_trial(growing, "done", (0.5, 0.25, 0.0), model="mlp_1x512")
        told = [running.stdout.readline() for _ in range(2)]
        write_trial(growing, "failed", (0.5,), model="mlp_1x512", seed=1)
        told += running.stdout.readlines()
    assert told == [
        "✓ mlp_1x512, true labels, seed 0: epoch 3, train error 0.00%, test error 25.00%\n",
        "1 of 2 done, 1 planned; no launch is running\n",
        "✗ mlp_1x512, true labels, seed 1: failed\n",
        "1 of 2 done, 1 failed\n",
    ]
    assert running.returncode == 1


def test_what_has_ended_already_is_counted_and_not_told(gensweep: Gensweep, results: Path) -> None:
    assert gensweep("watch", "other") == (0, "1 of 1 done\n", "")


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("height", [5, 12, 24, 60])
def test_it_keeps_to_the_terminal_it_is_in(made: Path, width: int, height: int) -> None:
    console = Console(width=width, height=height, force_terminal=True, no_color=True)
    with Database(made) as db:
        drawn = console.render_lines(picture("made", look(db), console), pad=False)
    assert len(drawn) <= max(height, 3)
    assert all(sum(piece.cell_length for piece in line) <= width for line in drawn)


def test_a_time_that_was_not_reached_is_never_averaged(made: Path) -> None:
    with Database(made) as db:
        fits = look(db).fits
    for fit in fits:
        assert (fit["fit_epoch"] is None) == (fit["fitted"] < fit["trials"])
    assert any(fit["fit_epoch"] is None and fit["fitted"] for fit in fits)


def test_it_goes_on_while_anything_may_still_run(made: Path) -> None:
    with Database(made) as db:
        now = look(db)
    assert {"planned", "interrupted"} <= set(now.statuses)
    assert not now.over
    assert list(lines(now, now)) == []
