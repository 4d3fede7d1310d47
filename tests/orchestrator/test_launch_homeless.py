"""A launch needs no home folder, and no short TMPDIR: containers and Slurm have neither."""

from __future__ import annotations

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
[resources]
device = "cpu"
"""


def test_a_launch_works_without_a_home_folder_and_with_a_long_tmpdir(tmp_path: Path) -> None:
    (tmp_path / "made.toml").write_text(SWEEP)
    temporary = tmp_path / ("x" * 90)
    temporary.mkdir()
    ours = ("RAY_", "TUNE_", "GENSWEEP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-m", "gensweep", "launch", "made.toml"],
        cwd=tmp_path,
        env=kept | {"HOME": "/proc/1", "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "made: 1 done" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "made.toml",
        "results",
        temporary.name,
    ]
