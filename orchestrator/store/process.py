"""Identifies this process, so that others can tell whether it is alive."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process. `machine` and `start` are empty if the system does not provide them.

    machine: one boot of one machine and one namespace of process ids (a container has its own).
    start:   when the process started, in clock ticks; pids are reused, pairs of pid and start are
             not.
    """

    host: str
    pid: int
    machine: str
    start: str

    @classmethod
    def current(cls) -> Process:
        pid = os.getpid()
        return cls(socket.gethostname(), pid, _machine(), _start(pid) or "")

    def alive(self) -> bool | None:
        """Whether it is alive; None if this machine cannot know."""
        if not self.machine or self.machine != _machine():
            return None
        return _start(self.pid) == self.start

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _start(pid: int) -> str | None:
    """The process's start in clock ticks since boot; None if there is no such process."""
    try:
        # The fields after the name, which may contain spaces and parentheses; a zombie has ended.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
