"""A worker that dies takes no trial with it, and a trial that kills its workers is given up."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator import attempts as attempting
from gensweep.orchestrator import launch as launching
from gensweep.orchestrator.remaining import LaunchOutcome
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import read_manifest
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, statuses

SWEEP = """
name = "made"
[[grid]]
model = "mlp_1x512"
dataset = "synthetic"
epochs = {}
[resources]
device = "cpu"
"""
Workers = Callable[[], list[int]]


def kill(workers: Workers, killed: Collection[int] = ()) -> int:
    """End the only worker, as the system does when memory runs out.

    killed: those that may still be about to end, on a busy machine.
    """
    (pid,) = {*workers()} - {*killed}
    os.kill(pid, signal.SIGKILL)
    return pid


def row(folder: Path) -> dict[str, Any]:
    store = Store.open(folder / "results")
    (path,) = read_manifest(store)[0].paths(store, "trials")
    (found,) = pq.read_table(path).to_pylist()
    return dict(found)


def test_a_trial_whose_workers_are_killed_is_run_again_and_done(
    tmp_path: Path, launch: Callable[..., LaunchOutcome], recorder: Any, workers: Workers
) -> None:
    """One worker is killed while it loads, the next while it trains; the third comes through."""
    display = recorder()
    killed: list[int] = []

    def at_start() -> None:
        if len(display.starts) == 1:
            killed.append(kill(workers, killed))

    def at_report() -> None:
        if len(killed) == 1 and display.reports[-1].status == "running":
            killed.append(kill(workers, killed))

    display.at_start, display.at_report = at_start, at_report
    summary = launch(SWEEP.format(400), tmp_path, display)
    assert summary == LaunchOutcome(Counter(done=1), interrupted=False)
    assert len(set(killed)) == len(display.losses) == 2
    found = row(tmp_path)
    assert (found["status"], found["attempts"], found["error"]) == ("done", 3, None)
    store = Store.open(tmp_path / "results")
    (path,) = read_manifest(store)[0].paths(store, "epochs")
    assert pq.read_table(path)["epoch"].to_pylist() == list(range(1, 401))


def test_a_trial_that_never_gets_to_report_anything_has_failed(
    tmp_path: Path,
    launch: Callable[..., LaunchOutcome],
    recorder: Any,
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (attempting, launching):  # where it is obeyed, and where it is told
        monkeypatch.setattr(module, "ATTEMPTS", 1)
    display = recorder(at_start=lambda: kill(workers))
    summary = launch(SWEEP.format(1), tmp_path, display)
    assert summary == LaunchOutcome(Counter(failed=1), interrupted=False)
    found = row(tmp_path)
    assert found["status"] == "failed"
    assert found["error"].startswith("its worker died once: its process ended without a word")
    assert found["finished_at"] >= found["started_at"]
    store = Store.open(tmp_path / "results")
    assert statuses(take_snapshot(store)) == {found["trial_id"]: TrialStatus("failed", 1)}
