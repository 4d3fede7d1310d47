"""What commands that only plan and read cost: `python benchmarks/startup.py`.

Claims: `gensweep query "select 1"` and `gensweep plan sweeps/full_paper.toml` take less than 0.7 s
and load neither torch nor Ray; `plan` of 100,000 trials takes less than 5 s and 1 GB.

Their times are printed as ratios too: to importing the libraries alone, and to that with what
typer and rich load once they are used.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from gensweep.orchestrator.store.layout import Store

ROUNDS = 7
SWEEPS = Path(__file__).resolve().parent.parent / "sweeps"
LIBRARIES = "import duckdb, pyarrow, rich, typer"
USED = f"{LIBRARIES}, typer._adapters, rich.table"
RUN = "from gensweep.cli.main import main; main()"
LOADED = f"""
import sys
sys.argv = ['gensweep', *{{arguments!r}}]
try:
    {RUN}
except SystemExit:
    pass
print([name for name in ('torch', 'ray') if name in sys.modules], file=sys.stderr)
"""
MANY = """
name = "many"
seeds = {seeds}
[[grid]]
model = ["mlp_1x512", "mlp_3x512"]
randomization = ["true_labels"]
lr = {rates}
"""


@dataclass(frozen=True)
class Cost:
    """Of a whole process: wall time in seconds, and its largest resident set in bytes."""

    seconds: float
    memory: int


def cost(code: str, *arguments: str) -> Cost:
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return Cost(seconds, usage.ru_maxrss * 1024)


def medians(commands: list[tuple[str, ...]]) -> list[float]:
    """The median wall time of each, run in turn."""
    rounds = [[cost(*command).seconds for command in commands] for _ in range(ROUNDS)]
    return [sorted(times)[ROUNDS // 2] for times in zip(*rounds, strict=True)]


def heavy_imports(arguments: list[str]) -> str:
    code = LOADED.format(arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8"
    )
    return done.stderr.strip().splitlines()[-1]


def many_trials(folder: Path) -> Path:
    """A sweep file of 100,000 trials."""
    path = folder / "many.toml"
    rates = [round(0.001 * step, 3) for step in range(1, 51)]
    path.write_text(MANY.format(seeds=list(range(1000)), rates=rates), "utf-8")
    return path


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Store.create(Path(folder, "results"))
        results = ["--results", f"{folder}/results"]
        commands = [
            ["query", "select 1", *results],
            ["plan", str(SWEEPS / "full_paper.toml"), *results],
        ]
        timed = medians([(LIBRARIES,), (USED,), *((RUN, *arguments) for arguments in commands)])
        libraries, used, *taken = timed
        print(f"the libraries imported           {libraries:6.3f} s (medians of {ROUNDS})")
        print(f"the libraries in use             {used:6.3f} s, {used / libraries:.2f} times")
        for arguments, seconds in zip(commands, taken, strict=True):
            name = "gensweep " + " ".join(Path(a).name for a in arguments[:2])
            print(
                f"{name:32} {seconds:6.3f} s, {seconds / libraries:.2f} times the libraries, "
                f"{seconds / used:.2f} times them in use; "
                f"loads {heavy_imports(arguments)} of torch and ray"
            )
        for format_ in ("table", "csv"):
            sweep = str(many_trials(Path(folder)))
            found = cost(RUN, "plan", sweep, *results, "--format", format_)
            print(
                f"plan of 100,000 trials, {format_:8} {found.seconds:6.2f} s, "
                f"{found.memory / 1e9:.2f} GB"
            )


if __name__ == "__main__":
    main()
