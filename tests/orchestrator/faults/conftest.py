"""What the tests of faults share: sweeps that nobody disturbs, and launches to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

import gensweep
from gensweep.orchestrator.plan import PlannedTrial, plan
from gensweep.orchestrator.provenance import provenance
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, statuses
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.context import Context
from gensweep.trainables.registry import TRAINABLES

MARK = "GENSWEEP_TEST_LAUNCH"  # in the environment of everything that a launch starts
PATIENCE = 120.0  # seconds
CPU = 0.6 * (os.cpu_count() or 1)  # of which one trial fits at a time
THREADS = max(1, int(CPU))
CLOCK = "wall_seconds, images_per_second, attempts, host, started_at, finished_at, git_commit"

HEAD = f"""
[resources]
cpu = {CPU}
device = "cpu"
checkpoint_seconds = 0.3
[defaults]
dataset = "synthetic"
model = "mlp_1x512"
log_every = 2
"""


@dataclass(frozen=True)
class Sweep:
    """Trials in a folder that has `results` and `data`; one fits on this machine at a time."""

    folder: Path
    grids: str
    name: str = "made"

    @property
    def text(self) -> str:
        return f'name = "{self.name}"\n{HEAD}{self.grids}'

    @property
    def planned(self) -> list[PlannedTrial]:
        return plan(parse_spec(self.text, "made.toml"))

    @property
    def ids(self) -> list[str]:
        return [planned.trial.trial_id for planned in self.planned]

    def known(self) -> list[TrialStatus]:
        """The statuses of the trials that were begun, in the order of the sweep."""
        found = statuses(take_snapshot(Store.open(self.folder / "results")))
        return [found[trial_id] for trial_id in self.ids if trial_id in found]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all trials that came to a good end, less what depends on the clock."""
        ended = "trial_id in (select trial_id from trials where status in ('done', 'diverged'))"
        with gensweep.connect(self.folder / "results") as db:
            return {
                name: sorted(db.table(f"select {what} from {name} where {ended}").rows)
                for name, what in {
                    "trials": f"* exclude ({CLOCK})",
                    "epochs": "* exclude (seconds)",
                    "steps": "*",
                }.items()
            }

    def run_here(self, first: int = 0, last: int | None = None) -> None:
        """Run a slice of the trials in this process, without a launch."""
        store, before = Store.create(self.folder / "results"), torch.get_num_threads()
        context = Context(self.folder / "data", device="cpu", threads=THREADS)
        try:
            for planned in self.planned[first:last]:
                writer = TrialWriter(store, planned.trial, provenance(""))
                writer.begin()
                for _, record in TRAINABLES["classifier"].run([planned.trial], context):
                    writer.add(record)
        finally:
            torch.set_num_threads(before)


@dataclass
class Process:
    """A `gensweep launch`, and all processes that it has started."""

    sweep: Sweep

    def __post_init__(self) -> None:
        folder = self.sweep.folder
        folder.mkdir(exist_ok=True)
        file = folder / f"{self.sweep.name}.toml"
        file.write_text(self.sweep.text)
        self.mark = f"{os.getpid()}-{id(self)}"
        ours = ("RAY_", "TUNE_", "GENSWEEP_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        start = [
            sys.executable,
            "-c",
            "from gensweep.cli.main import main; main()",
            "launch",
            str(file),
        ]
        where = ["--results", str(folder / "results"), "--data", str(folder / "data")]
        self.started = subprocess.Popen(
            [*start, *where],
            env=kept | {MARK: self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self, part: str) -> None:
        self.signal(signal.SIGKILL, part)

    def signal(self, number: int, part: str = "") -> None:
        """To all of its processes whose program's path has a part like this."""
        mark = f"{MARK}={self.mark}".encode()
        for entry in Path("/proc").iterdir():
            try:
                ours = mark in (entry / "environ").read_bytes().split(b"\0")
                program = (entry / "cmdline").read_bytes().decode().split("\0")[0]
                if ours and program and part in program:
                    os.kill(int(entry.name), number)
            except (OSError, ValueError):  # gone by now, or no process
                continue

    def end(self) -> tuple[int, list[str]]:
        """The exit code, and what was said."""
        self.out, err = self.started.communicate(timeout=PATIENCE)
        return self.started.returncode, err.splitlines()

    def saved(self) -> bool:
        return any((self.sweep.folder / "results" / "checkpoints").glob("*.ckpt"))


@pytest.fixture(scope="session")
def sweep() -> type[Sweep]:
    return Sweep


@pytest.fixture
def process() -> Iterator[Callable[[Sweep], Process]]:
    """Start launches; what they leave behind at the end of the test is killed."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("finds the processes of a launch through /proc")
    made: list[Process] = []

    def start(sweep: Sweep) -> Process:
        made.append(Process(sweep))
        return made[-1]

    yield start
    for each in made:
        each.kill("")
        each.started.wait()
