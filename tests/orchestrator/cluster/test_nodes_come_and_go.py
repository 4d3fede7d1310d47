"""A sweep on a cluster, while a node comes and another is lost."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gensweep
from gensweep.analysis.progress.status import status_tables
from gensweep.orchestrator.remaining import LaunchOutcome
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import read_heartbeat, read_leases
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, statuses

HOUSE = Path(__file__).resolve().parents[3]

SWEEP = """
name = "made"
seeds = [0, 1, 2, 3]
[defaults]
dataset = "synthetic"
model = "mlp_1x512"
log_every = 2
[[grid]]
epochs = 150
[[grid]]
dataset = "cifar10"
epochs = 1
seed = 0
[resources]
device = "cpu"
checkpoint_seconds = 0.2
"""
# What depends on the clock and the machine; a traceback has the paths of the machine's files.
CLOCK = "wall_seconds, images_per_second, attempts, host, started_at, finished_at, error"


def nodes_at_work(store: Store) -> dict[str, tuple[int, int]]:
    """By name, how many trials fit there, and how many run, as `gensweep status` has it."""
    with gensweep.connect(store.root) as db:
        rows = status_tables(db)[1].records()
    return {row["node"]: (row["workers"], row["running"]) for row in rows if row["node"]}


def known_nodes(store: Store) -> list[str]:
    """The same from its source, which is sooner read."""
    return [n["host"] for each in read_leases(store) for n in read_heartbeat(store, each.id).nodes]


def tables(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    with gensweep.connect(folder / "results") as db:
        return {
            name: sorted(db.table(f"select * exclude ({clock}) from {name}").rows, key=repr)
            for name, clock in {"trials": CLOCK, "epochs": "seconds", "steps": "trial_id"}.items()
        }


@dataclass(frozen=True)
class Swept:
    """A sweep during which node-3 came and node-1 was lost, and the nodes in its status."""

    folder: Path
    code: int
    err: str
    before: dict[str, tuple[int, int]]
    after: dict[str, tuple[int, int]]


@pytest.fixture(scope="module")
def swept(
    tmp_path_factory: pytest.TempPathFactory, cluster: Any, cifar10: Any, wait_for: Any
) -> Swept:
    folder = tmp_path_factory.mktemp("swept")
    cifar10(folder / "data", damaged=True)
    store = Store.create(folder / "results")

    def saved_on_node_1() -> bool:
        """Whether its trial has a checkpoint; where nodes share a name, all that run."""
        rows = take_snapshot(store).live.to_pylist()
        running = [row for row in rows if row["status"] == "running"]
        there = [row for row in running if row["host"] in ("node-1", os.uname().nodename)]
        saved = [store.checkpoint_file(row["trial_id"]).exists() for row in there]
        return len(running) > 1 and any(saved) and all(saved)

    launched = cluster.launch(folder, SWEEP)
    wait_for(lambda: len(known_nodes(store)) == 3, launched.process)
    cluster.add("node-3")
    wait_for(saved_on_node_1, launched.process)
    before = nodes_at_work(store)
    cluster.kill("node-1")
    wait_for(lambda: len(names := known_nodes(store)) == 4 or "node-3" in names, launched.process)
    after = nodes_at_work(store)
    code, said = launched.ended()
    return Swept(folder, code, said, before, after)


def test_a_sweep_outlives_a_node_and_has_the_rows_of_one_that_nobody_disturbed(
    swept: Swept, tmp_path: Path, launch: Callable[..., LaunchOutcome], cifar10: Any
) -> None:
    assert swept.code == 1, swept.err  # one trial fails by itself
    assert "made: 4 done, 1 failed" in swept.err
    cifar10(tmp_path / "data", damaged=True)
    summary = launch(SWEEP, tmp_path)
    assert summary.statuses == Counter(done=4, failed=1)
    assert tables(swept.folder) == tables(tmp_path)


def test_every_epoch_of_every_trial_is_there_once(swept: Swept) -> None:
    with gensweep.connect(swept.folder / "results") as db:
        rows = db.table("select trial_id, epoch, count(*) as times from epochs group by all").rows
    assert Counter(times for _, _, times in rows) == {1: 4 * 150}


def test_the_trial_on_the_lost_node_went_on_from_its_checkpoint(swept: Swept) -> None:
    found = statuses(take_snapshot(Store.open(swept.folder / "results"))).values()
    ends = [TrialStatus("failed", 1), *[TrialStatus("done", 1)] * 3, TrialStatus("done", 2)]
    assert Counter(found) == Counter(ends)
    assert swept.err.count("its worker died") == 1


def test_a_node_that_comes_while_a_sweep_runs_gets_trials_and_shows_in_the_status(
    swept: Swept, cluster: Any
) -> None:
    if not cluster.namespaces:
        pytest.skip("needs the right to give a node a name of its own (unshare)")
    with gensweep.connect(swept.folder / "results") as db:
        hosts = {host for (host,) in db.table("select distinct host from trials").rows}
    assert hosts >= {"node-2", "node-3"}  # node-1 may have ended a trial before it was lost
    assert swept.before["head"] == (0, 0)
    assert swept.before["node-1"] == (1, 1)
    assert {name: workers for name, (workers, _) in swept.before.items()} | {"node-3": 1} == {
        name: workers for name, (workers, _) in swept.after.items()
    } | {"node-1": 1}


def test_workers_need_no_gensweep_on_their_node_as_the_launch_brings_it(
    swept: Swept, cluster: Any
) -> None:
    command = [cluster.python, "-c", "import ray, torch, gensweep"]
    tried = subprocess.run(
        command, cwd=swept.folder, env=cluster.environment, capture_output=True, text=True
    )
    assert tried.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'gensweep'"
    with gensweep.connect(swept.folder / "results") as db:
        ((traceback,),) = db.table("select error from trials where status = 'failed'").rows
    assert "IndexError: Target 10 is out of bounds" in traceback
    files = [line for line in traceback.splitlines() if line.startswith("  File ")]
    own = [line for line in files if "/trainables/" in line or "/orchestrator/" in line]
    assert len(own) >= 2
    assert all("/runtime_resources/py_modules_files/" in line for line in own)
    assert not [line for line in files if str(HOUSE / "gensweep") in line]


def test_workers_there_import_nothing_from_the_folder_of_the_launch(
    tmp_path: Path, cluster: Any
) -> None:
    for name in ("orchestrator", "profile"):  # torch imports the latter
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('a file of the user')")
    small = 'name = "small"\n[[grid]]\ndataset = "synthetic"\nmodel = "mlp_1x512"\nepochs = 1\n'
    code, err = cluster.launch(tmp_path, small).ended()
    assert (code, "small: 1 done" in err) == (0, True), err
