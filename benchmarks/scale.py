"""Many trials: `python benchmarks/scale.py [TRIALS ...]`, by default 1000, 3000 and 10000.

Claim, for 10 000 trials that compute nothing, in an ordinary launch: at most 50 ms per trial end to
end, the driver's memory grows by at most 300 MB, at most 50 files after compaction,
`gensweep report` in less than 2 s and `gensweep status` in less than 1 s.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from gensweep.orchestrator.display import Display
from gensweep.orchestrator.launch import Launch
from gensweep.orchestrator.plan import PlannedTrial
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.sweep import SweepSpec
from gensweep.trainables.noop import NoopTrial

COLUMNS = "{:>8} {:>14} {:>15} {:>14} {:>7} {:>10} {:>10}"


class Memory(threading.Thread):
    """Watches this process's memory, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.first = self.most = 0.0

    def run(self) -> None:
        while True:
            pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
            megabytes = pages * 4096 / 1e6
            self.first = self.first or megabytes
            self.most = max(self.most, megabytes)
            time.sleep(0.2)


class FirstStarted(Display):
    """The start of the first trial, and the driver's memory when everything is loaded."""

    def __init__(self) -> None:
        self.at = 0.0
        self.memory = Memory()

    def started(self, trial_id: str) -> None:
        if not self.at:
            self.at = time.perf_counter()
            self.memory.start()


def run(count: int) -> None:
    """Launch `count` trials, and print a line of the table."""
    trials = [NoopTrial(model="mlp_1x512", dataset="digits", seed=seed) for seed in range(count)]
    planned = [PlannedTrial(trial, ("scale",)) for trial in trials]
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(Path(folder, "results"))
        spec = SweepSpec("scale", seeds=[], grids=[])
        display = FirstStarted()
        start = time.perf_counter()
        summary = Launch(spec, planned, store, Path(folder)).run(planned, display)
        took = time.perf_counter() - start
        assert summary.statuses == {"done": count}, summary.statuses
        files = sum(1 for path in store.root.rglob("*") if path.is_file())
        growth = display.memory.most - display.memory.first
        report, status = (read(command, store) for command in ("report", "status"))
        print(
            COLUMNS.format(
                f"{count:,}",
                f"{1000 * took / count:.1f} ms",
                f"{display.at - start:.1f} s",
                f"{growth:.0f} MB",
                files,
                f"{report:.2f} s",
                f"{status:.2f} s",
            ),
            flush=True,
        )


def read(command: str, store: Store) -> float:
    """Seconds of a whole reading process; the median of three."""
    code = "from gensweep.cli.main import main; main()"
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code, command, "--results", str(store.root)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[1]


def main(counts: list[int]) -> None:
    if len(counts) == 1:
        run(*counts)
        return
    columns = ("trials", "per trial", "first started", "memory growth", "files", "report", "status")
    print(COLUMNS.format(*columns))
    for count in counts:  # each in its own process, to measure its memory
        subprocess.run([sys.executable, __file__, str(count)], check=True)


if __name__ == "__main__":
    main(list(map(int, sys.argv[1:])) or [1000, 3000, 10_000])
