"""What the tests that launch share: sweeps small enough to run, and an eye on their processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gensweep.orchestrator.display import Display
from gensweep.orchestrator.job import Progress
from gensweep.orchestrator.launch import Launch
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.remaining import LaunchOutcome
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.datasets.arrays import Dataset, write_cache


@dataclass
class Recorder(Display):
    """A display that remembers what it was told, and may act on it."""

    starts: list[str] = field(default_factory=list)
    reports: list[Progress] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    at_start: Callable[[], None] = lambda: None
    at_report: Callable[[], None] = lambda: None

    def started(self, trial_id: str) -> None:
        self.starts.append(trial_id)
        self.at_start()

    def progressed(self, progress: Progress) -> None:
        self.reports.append(progress)
        self.at_report()

    def lost(self, trial_id: str, reason: str) -> None:
        self.losses.append(trial_id)


@pytest.fixture(scope="session")
def recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture(scope="session")
def launch() -> Callable[..., LaunchOutcome]:
    """Launch all trials of a sweep's text into a folder that has `results` and `data`."""

    def run(
        text: str, folder: Path, display: Recorder | None = None, retry_failed: bool = False
    ) -> LaunchOutcome:
        spec = parse_spec(text, "made.toml")
        planned = plan(spec)
        store = Store.create(folder / "results")
        job = Launch(spec, planned, store, folder / "data", retry_failed=retry_failed)
        return job.run(planned, display or Recorder())

    return run


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., None]:
    """Wait until a condition holds, while a process lives."""

    def wait(condition: Callable[[], Any], process: subprocess.Popen[str]) -> None:
        until = time.monotonic() + 120.0
        while not condition():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until, "waited in vain"
            time.sleep(0.05)

    return wait


@pytest.fixture(scope="session")
def cifar10() -> Callable[[Path, bool], None]:
    """Prepare a small CIFAR-10 of noise; a damaged one has a label that there is no class for."""

    def prepare(data_dir: Path, damaged: bool) -> None:
        rng = np.random.default_rng(0)
        images = rng.integers(256, size=(64, 32, 32, 3), dtype=np.uint8)
        labels = np.arange(64) % 10
        if damaged:
            labels[7] = 10
        write_cache(Dataset("cifar10", 10, images, labels, images, labels), data_dir)

    return prepare


@pytest.fixture(scope="session")
def descendants() -> Callable[[int], dict[int, str]]:
    """The command lines of the processes that a process has started, and those have."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("looks at processes through /proc")

    def find(root: int) -> dict[int, str]:
        children: dict[int, list[int]] = {}
        commands: dict[int, str] = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_bytes().rstrip(b"\0")
            except OSError:  # gone by now
                continue
            children.setdefault(parent, []).append(int(folder.name))
            commands[int(folder.name)] = command.replace(b"\0", b" ").decode()
        found: dict[int, str] = {}
        unseen = list(children.get(root, []))
        while unseen:
            pid = unseen.pop()
            found[pid] = commands[pid]
            unseen += children.get(pid, [])
        return found

    return find


@pytest.fixture(scope="session")
def workers(descendants: Callable[[int], dict[int, str]]) -> Callable[[], list[int]]:
    """The processes of this process's own Ray in which trials run."""
    names = ("ray::Worker", "ray::ResourceTrainable")

    def find() -> list[int]:
        return [pid for pid, what in descendants(os.getpid()).items() if what.startswith(names)]

    return find
