"""Trials that a real Ray runs in packs come to the same ends, with the same rows, as alone."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gensweep
from gensweep.orchestrator.job import UNPACKED
from gensweep.orchestrator.plan import PlannedTrial, plan
from gensweep.orchestrator.provenance import provenance
from gensweep.orchestrator.remaining import LaunchOutcome
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, statuses
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.context import Context
from gensweep.trainables.datasets.arrays import Dataset, write_cache
from gensweep.trainables.registry import TRAINABLES

CPU = 0.6 * (os.cpu_count() or 1)  # of which one worker fits at a time
CLOCK = (
    "wall_seconds, images_per_second, attempts, host, started_at, finished_at, git_commit, error"
)
HEAD = f"""
name = "made"
[resources]
cpu = {CPU}
device = "cpu"
pack = 3
[defaults]
dataset = "synthetic"
model = "mlp_1x512"
log_every = 2
"""
# The first two pack with one another, the next five by three and two. Of those one diverges; of
# the first two one raises.
MIXED = """
[[grid]]
dataset = "cifar10"
epochs = 2
randomization = ["true_labels", "random_labels"]
[[grid]]
epochs = [3, 5]
seed = [0, 1]
[[grid]]
lr = 1e30
epochs = 5
"""
SHORT_AND_LONG = """
[[grid]]
epochs = 2
seed = 2
[[grid]]
epochs = 200
randomization = ["true_labels", "gaussian"]
"""
Run = Callable[..., LaunchOutcome]


def planned(text: str) -> list[PlannedTrial]:
    return plan(parse_spec(text, "made.toml"))


def known(folder: Path, text: str) -> list[TrialStatus]:
    """In the order of the sweep."""
    found = statuses(take_snapshot(Store.open(folder / "results")))
    return [found[p.trial.trial_id] for p in planned(text)]


def rows(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows, less what depends on the clock or has a traceback."""
    with gensweep.connect(folder / "results") as db:
        return {
            name: sorted(db.table(f"select {what} from {name}").rows, key=repr)
            for name, what in {
                "trials": f"* exclude ({CLOCK})",
                "epochs": "* exclude (seconds)",
                "steps": "*",
            }.items()
        }


def half_damaged(folder: Path) -> None:
    """A small CIFAR-10 with a training label that there is no class for, unless it is redrawn."""
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(64, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(64) % 10
    damaged = np.where(np.arange(64) == 7, 10, labels)
    write_cache(Dataset("cifar10", 10, images, damaged, images, labels), folder / "data")


@dataclass(frozen=True)
class Launched:
    folder: Path
    summary: LaunchOutcome
    display: Any


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, launch: Run, recorder: Any) -> Launched:
    folder, display = tmp_path_factory.mktemp("packed"), recorder()
    half_damaged(folder)
    return Launched(folder, launch(HEAD + MIXED, folder, display), display)


def test_one_trial_raises_and_one_diverges_and_the_others_of_their_packs_are_done(
    packed: Launched,
) -> None:
    ends = ["failed", *["done"] * 5, "diverged"]
    assert packed.summary == LaunchOutcome(Counter(ends), interrupted=False)
    attempts = [2, 2, *[1] * 5]  # a diverged trial disturbs nobody
    expected = [TrialStatus(end, n) for end, n in zip(ends, attempts, strict=True)]
    assert known(packed.folder, HEAD + MIXED) == expected
    with gensweep.connect(packed.folder / "results") as db:
        ((traceback,),) = db.table("select error from trials where status = 'failed'").rows
    assert "IndexError: Target 10 is out of bounds" in traceback


def test_the_display_is_told_of_every_trial_of_a_pack(packed: Launched) -> None:
    raises, beside, *others = [p.trial.trial_id for p in planned(HEAD + MIXED)]
    starts = Counter(packed.display.starts)
    assert starts == {raises: 2, beside: 2} | dict.fromkeys(others, 1)
    assert packed.display.losses == []
    ended = [p for p in packed.display.reports if p.status != "running"]
    apart = {p.trial_id: p.error for p in ended if p.status == UNPACKED}
    assert set(apart) == {raises, beside}
    assert all("IndexError" in error for error in apart.values())
    over = Counter(p.trial_id for p in ended if p.status != UNPACKED)
    assert over == dict.fromkeys([raises, beside, *others], 1)


def test_the_rows_are_those_of_a_launch_without_packs(
    packed: Launched, tmp_path: Path, launch: Run
) -> None:
    half_damaged(tmp_path)
    summary = launch(HEAD.replace("pack = 3", "pack = 1") + MIXED, tmp_path)
    assert summary == packed.summary
    assert {status.attempts for status in known(tmp_path, HEAD + MIXED)} == {1}
    assert rows(tmp_path) == rows(packed.folder)


def test_a_pack_goes_on_after_ctrl_c_and_loses_a_worker_and_has_the_rows_of_an_undisturbed_run(
    tmp_path: Path, launch: Run, recorder: Any, workers: Callable[[], list[int]]
) -> None:
    text = HEAD + SHORT_AND_LONG
    short, *long = [p.trial.trial_id for p in planned(text)]
    display = recorder()

    def stop() -> None:
        if display.reports[-1].trial_id == short and display.reports[-1].status == "done":
            os.kill(os.getpid(), signal.SIGINT)

    display.at_report = stop
    summary = launch(text, tmp_path, display)
    assert summary == LaunchOutcome(Counter(done=1, interrupted=2), interrupted=True)
    store = Store.open(tmp_path / "results")
    saved = [p.trial.trial_id for p in planned(text)]
    assert [store.checkpoint_file(i).exists() for i in saved] == [False, True, True]

    display, killed = recorder(), list[int]()

    def kill() -> None:
        if not killed and display.reports[-1].epoch > 2:
            killed.extend(workers())
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    display.at_report = kill
    summary = launch(text, tmp_path, display)
    assert summary == LaunchOutcome(Counter(done=3), interrupted=False)
    assert len(killed) == 1
    assert Counter(display.losses) == dict.fromkeys(long, 1)
    assert Counter(display.starts) == dict.fromkeys(long, 2)
    ends = [TrialStatus("done", 1), TrialStatus("done", 3), TrialStatus("done", 3)]
    assert known(tmp_path, text) == ends
    run_here(tmp_path / "expected", planned(text))
    assert rows(tmp_path) == rows(tmp_path / "expected")


def run_here(folder: Path, trials: list[PlannedTrial]) -> None:
    """The rows of trials that this process runs one by one."""
    store, before = Store.create(folder / "results"), torch.get_num_threads()
    context = Context(folder / "data", device="cpu", threads=max(1, int(CPU)))
    try:
        for trial in (p.trial for p in trials):
            writer = TrialWriter(store, trial, provenance(""))
            for _, record in TRAINABLES["classifier"].run([trial], context):
                writer.add(record)
    finally:
        torch.set_num_threads(before)
