"""Results of earlier versions are launched on, kept and read by this one.

The folders under docs/ hold such results: columns that came later are missing in their files.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store.schemas import TRIALS

Process = Callable[..., subprocess.CompletedProcess[str]]

DOCS = Path(__file__).parents[2] / "docs"
FIRST = "cifar10_cpu"  # of the first version
SMALL = """
name = "small"
[[grid]]
dataset = "synthetic"
model = "mlp_1x512"
epochs = 1
[resources]
device = "cpu"
"""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the results, where the user is."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(DOCS / FIRST, tmp_path / "results")
    (file,) = (tmp_path / "results" / "tables").glob("*-trials.parquet")
    assert len(pq.read_schema(file)) < len(TRIALS) - 10
    return tmp_path / "results"


def trials(process: Process) -> dict[str, str]:
    said = process("gensweep query 'select trial_id, status from trials' --format json")
    assert said.returncode == 0, said.stderr
    return {row["trial_id"]: row["status"] for row in json.loads(said.stdout)}


def test_they_are_launched_on_and_what_was_done_is_not_done_again(
    process: Process, old: Path
) -> None:
    before = trials(process)
    assert set(before.values()) == {"done"}
    dry = process(f"gensweep launch sweeps/{FIRST}.toml --dry-run")
    assert (dry.returncode, f"{len(before)} done" in dry.stdout + dry.stderr) == (0, True), dry
    Path("small.toml").write_text(SMALL)
    done = process("gensweep launch small.toml")
    assert done.returncode == 0, done.stderr
    after = trials(process)
    assert {**after, **before} == after
    assert [*after.values()] == ["done"] * (len(before) + 1)


@pytest.mark.parametrize(
    "line",
    [
        f"plan sweeps/{FIRST}.toml",
        "status",
        "report",
        "compact",
        "merge other",
        "doctor",
        "export --format csv out",
        "plot figure_1a --output figure.svg",
    ],
)
def test_every_command_works_with_them(process: Process, old: Path, line: str) -> None:
    shutil.copytree(DOCS / "theory_cpu", "other")
    before = trials(process)
    done = process(f"gensweep {line}")
    assert done.returncode == 0, done.stderr
    after = trials(process)
    assert {**after, **before} == after
