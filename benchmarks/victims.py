"""Finds the processes of one launch, and kills one kind of them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

MARK = "GENSWEEP_CHAOS"  # in the environment of every process that a launch starts

# Patterns in a process's command line.
KINDS = {
    "worker": ("ray::",),
    "head": ("gcs_server", "raylet/raylet"),
    "driver": ("gensweep-driver",),
    "everything": ("",),
}


def marked(mark: str) -> dict[int, str]:
    """The living processes that carry the mark: pid and command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if command:  # a zombie has none
                        found[int(entry.name)] = command
            except OSError:
                continue
    return found


def is_helper(kind: str, command: str) -> bool:
    """Whether a process that looks like a worker is one of Ray's own agents."""
    return kind == "worker" and "Agent" in command


def kill(kind: str, mark: str, choose: float) -> int:
    """SIGKILL all of a kind, or one worker, picked by `choose` in [0, 1). Returns how many."""
    pids = sorted(
        pid
        for pid, command in marked(mark).items()
        if any(word in command for word in KINDS[kind]) and not is_helper(kind, command)
    )
    if kind == "worker" and pids:
        pids = [pids[int(choose * len(pids))]]
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return len(pids)
