"""Ctrl-C in the middle of an epoch: the very step is saved, and the next launch goes on from it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.remaining import LaunchOutcome
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.files import read_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import read_manifest
from gensweep.orchestrator.store.rows import epoch_rows
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, statuses
from gensweep.trainables.classifier.checkpoint import Saved, deserialize
from gensweep.trainables.context import Context
from gensweep.trainables.records import Epoch, Steps
from gensweep.trainables.registry import TRAINABLES

PATIENCE = 120.0  # seconds
STEPS = 1437  # of an epoch: one for each training example

SWEEP = """
name = "made"
[[grid]]
dataset = "digits"
model = "alexnet"
epochs = 2
batch_size = 1
log_every = 1
lr = 0.001
flip = true
dropout = 0.2
[resources]
device = "cpu"
"""
(TRIAL,) = [p.trial for p in plan(parse_spec(SWEEP, "made.toml"))]


@dataclass(frozen=True)
class Stopped:
    """What an interrupted launch left: the trial's row, and its checkpoint."""

    folder: Path
    code: int
    err: str
    row: dict[str, Any]
    saved: Saved


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, wait_for: Callable[..., None]) -> Stopped:
    folder = tmp_path_factory.mktemp("stopped")
    (folder / "made.toml").write_text(SWEEP)
    store = Store.create(folder / "results")

    def trains() -> bool:
        return any(row["device"] for row in take_snapshot(store).live.to_pylist())

    ours = ("RAY_", "TUNE_", "GENSWEEP_")
    start = [sys.executable, "-m", "gensweep"]
    where = ["--results", str(folder / "results"), "--data", str(folder / "data")]
    process = subprocess.Popen(
        [*start, "launch", str(folder / "made.toml"), *where],
        env={name: value for name, value in os.environ.items() if not name.startswith(ours)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(trains, process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
        _, err = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            process.kill()
    (row,) = take_snapshot(store).live.to_pylist()
    saved = deserialize(store.checkpoint_file(TRIAL.trial_id).read_bytes(), TRIAL)
    return Stopped(folder, process.returncode, err, row, saved)


def test_ctrl_c_saves_the_very_step_at_which_a_trial_stops(stopped: Stopped) -> None:
    assert stopped.code == 130, stopped.err
    assert stopped.err.endswith("stopped; the same command continues from here\n")
    assert (stopped.row["status"], stopped.row["attempts"]) == ("interrupted", 1)
    steps = [record.step for record in stopped.saved.records if isinstance(record, Steps)]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) % STEPS > 0  # in the middle of an epoch
    assert [step["step"] for step in stopped.row["step_rows"]] == steps


def test_the_next_launch_goes_on_from_that_step_to_the_rows_of_an_undisturbed_run(
    stopped: Stopped, launch: Callable[..., LaunchOutcome]
) -> None:
    """The steps up to there are those that were saved, and the others follow on them, each once."""
    assert launch(SWEEP, stopped.folder).statuses == Counter(done=1)
    store = Store.open(stopped.folder / "results")
    assert statuses(take_snapshot(store)) == {TRIAL.trial_id: TrialStatus("done", 2)}
    assert not store.checkpoint_file(TRIAL.trial_id).exists()

    threads = torch.get_num_threads()
    try:
        context = Context(stopped.folder / "data", device="cpu", threads=1)
        records = [record for _, record in TRAINABLES["classifier"].run([TRIAL], context)]
    finally:
        torch.set_num_threads(threads)
    manifest, _ = read_manifest(store)
    rows = {
        "steps": [asdict(record) for record in records if isinstance(record, Steps)],
        "epochs": epoch_rows([record for record in records if isinstance(record, Epoch)]),
    }
    for name, expected in rows.items():
        (path,) = manifest.paths(store, name)
        found = read_table(store.root, path).drop_columns("trial_id").to_pylist()
        assert [r | {"seconds": 0} for r in found] == [r | {"seconds": 0} for r in expected]
