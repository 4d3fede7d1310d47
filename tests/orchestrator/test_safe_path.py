"""A launch from a folder whose files have the names of modules: workers import none of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import gensweep
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses

SWEEP = """
name = "made"
[defaults]
dataset = "synthetic"
model = "mlp_1x512"
[[grid]]
epochs = 1
[[grid]]
epochs = {epochs}
[resources]
device = "cpu"
"""
# The last has the name of a standard module that torch imports.
FILES = ("trainables.py", "orchestrator.py", "analysis/__init__.py", "gensweep.py", "profile.py")
PATIENCE = 240  # seconds
MODULE = [sys.executable, "-m", "gensweep"]
SCRIPT = [str(Path(sys.executable).with_name("gensweep"))]


def environment(**more: str) -> dict[str, str]:
    """Ours, less what launches in this process have put there."""
    ours = ("RAY_", "TUNE_", "GENSWEEP_")
    return {n: value for n, value in os.environ.items() if not n.startswith(ours)} | more


def start(
    program: list[str], folder: Path, environment: Mapping[str, str], epochs: int = 2
) -> subprocess.Popen[str]:
    """Launch in a folder, with paths relative to it."""
    (folder / "made.toml").write_text(SWEEP.format(epochs=epochs))
    return subprocess.Popen(
        [*program, "launch", "made.toml", "--results", "results", "--data", "data"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def known(folder: Path) -> Counter[str]:
    found = statuses(take_snapshot(Store.create(folder / "results")))
    return Counter(status.status for status in found.values())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's, with files that cannot be imported."""
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("raise RuntimeError('a file of the user')\n")
    return tmp_path


@pytest.mark.parametrize("program", [SCRIPT, MODULE], ids=["gensweep", "python -m gensweep"])
def test_a_launch_imports_nothing_from_the_working_directory(
    folder: Path, program: list[str]
) -> None:
    if program == MODULE:
        (folder / "gensweep.py").unlink()  # Python would take it for the program
    process = start(program, folder, environment())
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, known(folder)) == (0, Counter(done=2)), err


def test_ctrl_c_there_saves_the_trial_that_runs(
    folder: Path, wait_for: Callable[..., None]
) -> None:
    process = start(SCRIPT, folder, environment(), epochs=800)
    try:
        wait_for(lambda: known(folder) == Counter(done=1, running=1), process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert (process.returncode, known(folder)) == (130, Counter(done=1, interrupted=1)), err


@pytest.mark.parametrize("path", [{}, {"PYTHONPATH": "."}], ids=["python -m", "PYTHONPATH=."])
def test_workers_run_the_code_of_a_checkout_that_is_not_installed(
    tmp_path: Path, path: dict[str, str]
) -> None:
    package = Path(gensweep.__file__).parent
    shutil.copytree(package, tmp_path / "gensweep")  # what is linked from there too
    with (tmp_path / "gensweep/orchestrator/worker.py").open("a") as file:
        file.write(f"\nopen({str(tmp_path / 'loaded')!r}, 'a').write(f'{{os.getpid()}} ')\n")
    inherited = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    process = start(MODULE, tmp_path, inherited | path)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, known(tmp_path)) == (0, Counter(done=2)), err
    loaded_by = {int(pid) for pid in (tmp_path / "loaded").read_text().split()}
    assert len(loaded_by - {process.pid}) >= 1
