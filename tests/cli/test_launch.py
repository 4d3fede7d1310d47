"""From a sweep file to answers: one small sweep that is really run, and asked about."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Gensweep = Callable[..., Any]
Process = Callable[..., subprocess.CompletedProcess[str]]

SWEEP = """# gensweep launch tiny.toml
name = "tiny"
seeds = [0]
[defaults]
dataset = "synthetic"
epochs = 50
batch_size = 64
[[grid]]
feeds = ["figure_1b"]
model = ["mlp_1x512", "inception"]
randomization = ["true_labels", "random_labels"]
"""
OPTIONS = """--set epochs=2 --only "model = 'mlp_1x512'" """
SOMEWHERE_ELSE = "mps" if sys.platform == "linux" else "cuda"  # where no trial can run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("launch")
    (folder / "tiny.toml").write_text(SWEEP)
    return folder


@pytest.fixture(scope="module")
def first(folder: Path, process: Process) -> subprocess.CompletedProcess[str]:
    """The launch: 2 of the 4 trials, of 2 epochs each."""
    return process(f"gensweep launch tiny.toml {OPTIONS}", folder)


@pytest.fixture
def here(
    folder: Path, first: subprocess.CompletedProcess[str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder of the launch, as the one commands run in."""
    monkeypatch.chdir(folder)
    return folder


def test_a_dry_run_shows_the_plan_and_runs_nothing(
    gensweep: Gensweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(SWEEP)
    options = ("--set", "epochs=2", "--only", "model = 'mlp_1x512'")
    done = gensweep("launch", "tiny.toml", *options, "--dry-run")
    assert done == gensweep("plan", "tiny.toml", *options)
    assert done.code == 0
    assert "2 trials: 2 planned" in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.toml"]


def test_a_launch_reports_to_stdout_and_tells_its_progress_on_stderr(
    first: subprocess.CompletedProcess[str], here: Path, gensweep: Gensweep
) -> None:
    assert first.returncode == 0
    assert first.stdout == gensweep("report", "tiny", "--brief").out
    assert first.stdout.startswith("In short\n2 of 4 trials have ended; ")
    lines = first.stderr.splitlines()
    assert "2 to run" in lines[0]
    for data in ("true labels", "random labels"):
        assert any(f"✓ mlp_1x512, {data}, seed 0: epoch 2, train error" in line for line in lines)
    assert lines[-1] == "tiny: 2 done"
    assert "Traceback" not in first.stderr


def test_what_was_run_is_what_was_asked_for(here: Path, gensweep: Gensweep) -> None:
    query = """
        select model, randomization, seed, max_epochs, batch_size, status, epochs, steps, attempts,
            parameters, split_part(device, ' ', 1) as device
        from trials where status <> 'planned' order by randomization
    """
    rows = json.loads(gensweep("query", query, "--format", "json").out)
    same = {
        "model": "mlp_1x512",
        "seed": 0,
        "max_epochs": 2,
        "batch_size": 64,
        "status": "done",
        "epochs": 2,
        "steps": 16,
        "attempts": 1,
        "parameters": (8 * 8 * 3 + 1) * 512 + (512 + 1) * 10,
        "device": "cpu",
    }
    assert rows == [{**same, "randomization": r} for r in ("random_labels", "true_labels")]


def test_the_sweep_has_all_its_trials_also_those_that_were_not_chosen(
    here: Path, gensweep: Gensweep
) -> None:
    status = json.loads(gensweep("status", "--format", "json").out)
    (sweep,) = status["sweeps"]
    assert (sweep["sweep"], sweep["trials"]) == ("tiny", 4)
    assert (sweep["done"], sweep["planned"]) == (2, 2)
    assert status["running"] == status["trouble"] == []


def test_every_epoch_and_every_window_is_there(here: Path, gensweep: Gensweep) -> None:
    query = """
        select list(distinct epoch order by epoch) as epochs, count(*) as n,
            bool_and(train_loss > 0 and train_error between 0 and 1 and test_error between 0 and 1
            and seconds > 0) as sensible
        from epochs
    """
    assert json.loads(gensweep("query", query, "--format", "json").out) == [
        {"epochs": [1, 2], "n": 4, "sensible": True}
    ]
    steps = gensweep("query", "select max(step) from steps group by trial_id").out
    assert steps.split()[1:] == ["16", "16"]


def test_a_trial_can_be_shown_by_the_beginning_of_its_id(here: Path, gensweep: Gensweep) -> None:
    query = "select trial_id from trials where randomization = 'true_labels' and status = 'done'"
    trial_id = gensweep("query", query).out.split()[1]
    done = gensweep("show", trial_id[:8])
    assert done.code == 0
    assert done.out.startswith(f"Trial {trial_id}\n")
    assert "Learning curve (2 epochs)" in done.out


def test_a_launch_without_a_reader_runs_on_and_ends_with_its_own_code(
    folder: Path, process: Process
) -> None:
    elsewhere = f"--set resources.device={SOMEWHERE_ELSE} --results unread"
    line = f"gensweep launch tiny.toml {OPTIONS} --set seeds=[2] {elsewhere} 2>&1 | head -1"
    done = process(f"{line}; echo ${{PIPESTATUS[0]}}", folder)
    assert done.stdout == "tiny: 2 trials, 0 done, 2 to run\n1\n"
    status = json.loads(process("gensweep status --results unread --format json", folder).stdout)
    assert [sweep["failed"] for sweep in status["sweeps"]] == [2]


def test_launching_again_runs_nothing_and_reports_the_same(
    here: Path, gensweep: Gensweep, first: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_ray(*_: Any) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.setattr("gensweep.orchestrator.cluster.ray_cluster", no_ray)
    before = gensweep("query", "from trials order by trial_id").out
    done = gensweep("launch", "tiny.toml", "--set", "epochs=2", "--only", "model = 'mlp_1x512'")
    assert (done.code, done.out) == (0, first.stdout)
    assert "2 done, 0 to run" in done.err
    assert gensweep("query", "from trials order by trial_id").out == before


def test_the_results_can_be_compacted_and_merged_elsewhere(here: Path, gensweep: Gensweep) -> None:
    before = gensweep("query", "from epochs order by all").out
    assert gensweep("compact").code == 0
    assert gensweep("query", "from epochs order by all").out == before
    merged = gensweep("merge", "results", "--results", "elsewhere")
    assert (merged.code, merged.err) == (0, "took in 2 trials and 1 sweep of results\n")
    assert gensweep("query", "from epochs order by all", "--results", "elsewhere").out == before


def test_a_trial_that_fails_is_exit_code_1_and_the_report_is_printed_all_the_same(
    folder: Path, process: Process
) -> None:
    elsewhere = f"--set resources.device={SOMEWHERE_ELSE} --results failed"
    done = process(f"gensweep launch tiny.toml {OPTIONS} --set seeds=[1] {elsewhere}", folder)
    assert done.returncode == 1
    assert "tiny: 2 failed" in done.stderr.splitlines()
    assert "--retry-failed" in done.stderr.splitlines()[-1]
    assert f"device: {SOMEWHERE_ELSE} is not available here" in done.stderr
    assert done.stdout.startswith("In short\n2 of 4 trials have ended; ")
    assert f"2 of 4 trials failed: TrialError: device: {SOMEWHERE_ELSE}" in done.stdout
    status = process("gensweep status --results failed --format json", folder)
    trouble = json.loads(status.stdout)["trouble"]
    assert [row["status"] for row in trouble] == ["failed", "failed"]
    assert all(SOMEWHERE_ELSE in row["error"] for row in trouble)
