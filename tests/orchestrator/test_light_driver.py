"""The process that launches keeps out of the way of those that train."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SWEEP = """
name = "made"
[[grid]]
dataset = "synthetic"
model = "mlp_1x512"
epochs = 1
"""
LAUNCH = """
import json, sys
from pathlib import Path
from gensweep.orchestrator.display import Display
from gensweep.orchestrator.launch import Launch
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.layout import Store
folder = Path(sys.argv[1])
spec = parse_spec(sys.argv[2], "made.toml")
launch = Launch(spec, plan(spec), Store.create(folder / "results"), folder / "data")
summary = launch.run(launch.planned, Display())
print(json.dumps([summary.statuses, "ray" in sys.modules, "torch" in sys.modules]))
"""


def test_a_launch_never_loads_torch(tmp_path: Path) -> None:
    ours = ("RAY_", "TUNE_", "GENSWEEP_")
    done = subprocess.run(
        [sys.executable, "-c", LAUNCH, str(tmp_path), SWEEP],
        env={name: value for name, value in os.environ.items() if not name.startswith(ours)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [{"done": 1}, True, False]
