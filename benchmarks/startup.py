"""The start-up time of commands that only plan and read: `python benchmarks/startup.py`.

Claim: `gensweep plan sweeps/full_paper.toml` and `gensweep query "select 1"` take less than
0.7 s each, and load neither torch nor Ray.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gensweep.orchestrator.store.layout import Store

ROUNDS = 7
SWEEP = Path(__file__).resolve().parent.parent / "sweeps" / "full_paper.toml"
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


def seconds(arguments: list[str]) -> float:
    """The median wall time of a whole process."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", RUN, *arguments], check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return sorted(taken)[ROUNDS // 2]


def heavy_imports(arguments: list[str]) -> str:
    code = LOADED.format(arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stderr.strip().splitlines()[-1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Store.create(Path(folder, "results"))
        results = ["--results", f"{folder}/results"]
        bare = seconds_of_bare_python()
        print(f"bare python                      {bare:6.3f} s")
        for arguments in (["plan", str(SWEEP), *results], ["query", "select 1", *results]):
            name = "gensweep " + " ".join(Path(a).name for a in arguments[:2])
            print(
                f"{name:32} {seconds(arguments):6.3f} s, "
                f"loads {heavy_imports(arguments)} of torch and ray (median of {ROUNDS})"
            )


def seconds_of_bare_python() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
