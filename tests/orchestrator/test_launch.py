"""A launch runs what is not done, once, on a real Ray, and the rows are those of the trials."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from gensweep.orchestrator import cluster
from gensweep.orchestrator.plan import PlannedTrial, plan
from gensweep.orchestrator.remaining import LaunchOutcome
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import read_manifest
from gensweep.orchestrator.store.rows import epoch_rows
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, statuses
from gensweep.trainables.context import Context
from gensweep.trainables.records import Epoch, Started, Steps
from gensweep.trainables.registry import TRAINABLES

# The first trial fails, as the data are damaged, and the last one diverges.
SWEEP = """
name = "made"
[defaults]
dataset = "synthetic"
model = "mlp_1x512"
epochs = 2
log_every = 2
[[grid]]
dataset = "cifar10"
epochs = 1
[[grid]]
feeds = ["figure_1a", "figure_1b"]
randomization = ["true_labels", "partial_labels"]
corruption = 0.5
[[grid]]
lr = 1e30
epochs = 1
[resources]
device = "cpu"
"""
GROWN = SWEEP + '[[grid]]\nepochs = 1\nrandomization = "random_labels"\n'
Run = Callable[..., LaunchOutcome]


@dataclass(frozen=True)
class Launched:
    folder: Path
    planned: list[PlannedTrial]
    summary: LaunchOutcome
    display: Any
    left: list[str]


@pytest.fixture(scope="module")
def launched(
    tmp_path_factory: pytest.TempPathFactory, launch: Run, recorder: Any, cifar10: Any
) -> Launched:
    """The sweep, launched once for all tests of this file; they work on copies."""
    folder = tmp_path_factory.mktemp("launched")
    cifar10(folder / "data", damaged=True)
    temporary = tmp_path_factory.mktemp("temporary")
    display = recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        summary = launch(SWEEP, folder, display)
    left = [path.name for path in temporary.iterdir()]
    planned = plan(parse_spec(SWEEP, "made.toml"))
    return Launched(folder, planned, summary, display, left)


@pytest.fixture
def copied(launched: Launched, tmp_path: Path) -> Path:
    shutil.copytree(launched.folder, tmp_path / "copy")
    return tmp_path / "copy"


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    store = Store.open(folder / "results")
    paths = read_manifest(store)[0].paths(store, name)
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def known(folder: Path) -> dict[str, TrialStatus]:
    return statuses(take_snapshot(Store.open(folder / "results")))


def files(folder: Path) -> dict[Path, bytes]:
    paths = (folder / "results").rglob("*.parquet")
    return {path.relative_to(folder): path.read_bytes() for path in paths}


def test_every_trial_comes_to_its_end_whatever_becomes_of_the_others(launched: Launched) -> None:
    ids = [p.trial.trial_id for p in launched.planned]
    ends = ["failed", "done", "done", "diverged"]
    expected = {i: TrialStatus(end, 1) for i, end in zip(ids, ends, strict=True)}
    assert known(launched.folder) == expected
    assert launched.summary == LaunchOutcome(Counter(ends), interrupted=False)
    assert not launched.summary.complete


def test_a_failed_trial_keeps_the_traceback_of_its_worker(launched: Launched) -> None:
    failed, *others = sorted(
        table(launched.folder, "trials"), key=lambda r: r["status"] != "failed"
    )
    assert failed["error"].startswith("Traceback (most recent call last):")
    assert "IndexError: Target 10 is out of bounds" in failed["error"]
    errors = {row["status"]: row["error"] for row in others}
    assert errors == {"done": None, "diverged": "training loss is nan at step 2"}


def test_the_rows_are_those_of_running_the_trials_right_here(launched: Launched) -> None:
    threads = torch.get_num_threads()
    context = Context(launched.folder / "data", device="cpu", threads=1)
    try:
        for planned in launched.planned[1:]:
            trial = planned.trial
            records = [r for _, r in TRAINABLES["classifier"].run([trial], context)]
            epochs = [
                {"trial_id": trial.trial_id} | row
                for row in epoch_rows([r for r in records if isinstance(r, Epoch)])
            ]
            steps = [
                {"trial_id": trial.trial_id} | asdict(r) for r in records if isinstance(r, Steps)
            ]
            stored = {
                name: [r for r in table(launched.folder, name) if r["trial_id"] == trial.trial_id]
                for name in ("trials", "epochs", "steps")
            }
            assert stored["steps"] == steps
            assert [{**r, "seconds": 0} for r in stored["epochs"]] == [
                {**r, "seconds": 0} for r in epochs
            ]
            assert len(stored["epochs"]) == (
                0 if stored["trials"][0]["status"] == "diverged" else 2
            )
            started = records[0]
            assert isinstance(started, Started)
            assert stored["trials"][0]["parameters"] == started.parameters
    finally:
        torch.set_num_threads(threads)


def test_the_display_is_told_of_every_start_and_every_end(launched: Launched) -> None:
    ids = {p.trial.trial_id for p in launched.planned}
    assert set(launched.display.starts) == ids
    assert launched.display.losses == []
    ends = {p.trial_id: p for p in launched.display.reports if p.status != "running"}
    assert {i: TrialStatus(p.status, 1) for i, p in ends.items()} == known(launched.folder)
    last = {r["trial_id"]: r for r in table(launched.folder, "epochs")}
    for end in ends.values():
        if end.status == "done":
            row = last[end.trial_id]
            assert (end.epoch, end.train_error) == (row["epoch"], row["train_error"])
            assert end.test_error == row["test_error"]
        else:
            assert end.error


def test_the_sweep_is_kept_with_all_its_trials_and_feeds(launched: Launched) -> None:
    store = Store.open(launched.folder / "results")
    rows = take_snapshot(store).sweeps.to_pylist()
    expected = Counter(
        (p.trial.trial_id, feed) for p in launched.planned for feed in (p.feeds or [None])
    )
    assert Counter((row["trial_id"], row["feed"]) for row in rows) == expected
    assert len(rows) == 1 + 2 * 2 + 1


def test_afterwards_the_folder_is_compact_and_free_and_tune_has_left_nothing(
    launched: Launched,
) -> None:
    store = Store.open(launched.folder / "results")
    for folder in (store.live, store.leases, store.checkpoints):
        assert not folder.exists() or list(folder.iterdir()) == []
    assert list(take_snapshot(store, verify=True).damaged) == []
    assert launched.left == []


def test_launching_again_runs_nothing_and_starts_no_ray(
    copied: Path, launch: Run, recorder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> None:
        pytest.fail("started a Ray for nothing")

    monkeypatch.setattr(cluster, "ray_cluster", refuse)
    before, display = files(copied), recorder()
    summary = launch(SWEEP, copied, display)
    assert summary == LaunchOutcome(Counter(done=2, failed=1, diverged=1), interrupted=False)
    assert display.starts == []
    after = files(copied)
    assert {p: c for p, c in after.items() if "sweeps" not in p.parts} == {
        p: c for p, c in before.items() if "sweeps" not in p.parts
    }


def test_a_sweep_that_grew_runs_only_what_is_new(copied: Path, launch: Run, recorder: Any) -> None:
    old = {name: table(copied, name) for name in ("trials", "epochs", "steps")}
    display = recorder()
    summary = launch(GROWN, copied, display)
    assert summary.statuses == Counter(done=3, failed=1, diverged=1)
    new = plan(parse_spec(GROWN, "made.toml"))[-1].trial.trial_id
    assert display.starts == [new]
    assert new not in {row["trial_id"] for row in old["trials"]}
    for name, rows in old.items():
        assert [row for row in table(copied, name) if row["trial_id"] != new] == rows
    assert len(take_snapshot(Store.open(copied / "results")).sweeps) == 7


def test_a_failed_trial_is_run_again_on_request_and_its_new_rows_replace_the_old(
    copied: Path, launched: Launched, launch: Run, recorder: Any, cifar10: Any
) -> None:
    failed = launched.planned[0].trial.trial_id
    cifar10(copied / "data", damaged=False)
    display = recorder()
    summary = launch(SWEEP, copied, display, retry_failed=True)
    assert summary.statuses == Counter(done=3, diverged=1)
    assert summary.complete
    assert set(display.starts) == {failed}
    assert {i: s.attempts for i, s in known(copied).items()} == {
        p.trial.trial_id: 2 if p.trial.trial_id == failed else 1 for p in launched.planned
    }
    (row,) = [row for row in table(copied, "trials") if row["trial_id"] == failed]
    assert (row["status"], row["error"], row["epochs"]) == ("done", None, 1)
    assert [r["epoch"] for r in table(copied, "epochs") if r["trial_id"] == failed] == [1]
