"""A trial that Ray places as two ranks: lost, stopped or refused, it ends with the same rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.orchestrator.cluster import _check
from gensweep.orchestrator.errors import ClusterError, SpecError
from gensweep.orchestrator.nodes import workers
from gensweep.orchestrator.packs import largest_pack
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.snapshot import take_snapshot

SWEEP = """
name = "made"
[[grid]]
dataset = "digits"
model = "mlp_1x512"
epochs = 12
batch_size = 5
log_every = 500
flip = true
dropout = 0.2
[resources]
device = "cpu"
workers = 2
cpu = 0.5
checkpoint_seconds = 0.5
"""
Descendants = Callable[[int], dict[int, str]]
Rows = list[tuple[Any, ...]]


def started(folder: Path) -> subprocess.Popen[str]:
    (folder / "made.toml").write_text(SWEEP)
    ours = ("RAY_", "TUNE_", "GENSWEEP_")
    where = ["--results", str(folder / "results"), "--data", str(folder / "data")]
    return subprocess.Popen(
        [sys.executable, "-m", "gensweep", "launch", str(folder / "made.toml"), *where],
        env={name: value for name, value in os.environ.items() if not name.startswith(ours)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rows(folder: Path) -> Rows:
    query = "select epoch, step, lr, train_loss, train_error, test_loss from epochs order by epoch"
    return [tuple(row) for row in Database(folder / "results").table(query).rows]


def trial(folder: Path) -> dict[str, Any]:
    table = Database(folder / "results").table("select status, attempts, device, error from trials")
    return dict(zip(table.columns, table.rows[0], strict=True))


def outlived(processes: dict[int, str]) -> dict[int, str]:
    """Those of the processes that are still there after five seconds, to be buried."""
    until = time.monotonic() + 5.0
    while there := {p: what for p, what in processes.items() if Path(f"/proc/{p}").exists()}:
        if time.monotonic() > until:
            return there
        time.sleep(0.1)
    return {}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of two ranks that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    launch = started(folder)
    out, _ = launch.communicate(timeout=250)
    assert launch.returncode == 0, out
    assert trial(folder)["device"] == "2 x cpu (x86_64)"
    return rows(folder)


def in_training(folder: Path) -> bool:
    store = Store.create(folder / "results")
    there = any(row["device"] for row in take_snapshot(store).live.to_pylist())
    return there and any((folder / "results" / "checkpoints").glob("*"))


@pytest.mark.parametrize("lost", ["ray::Rank", "ray::ResourceTrainable"])
def test_a_trial_goes_on_from_its_checkpoint_when_a_rank_is_lost(
    lost: str,
    whole: Rows,
    tmp_path: Path,
    descendants: Descendants,
    wait_for: Callable[..., None],
) -> None:
    launch = started(tmp_path)
    pids: list[int] = []

    def found() -> bool:
        pids[:] = [p for p, what in descendants(launch.pid).items() if what.startswith(lost)]
        return in_training(tmp_path) and len(pids) == 1

    wait_for(found, launch)
    processes = descendants(launch.pid)
    os.kill(pids[0], signal.SIGKILL)
    out, _ = launch.communicate(timeout=250)
    assert launch.returncode == 0, out
    assert rows(tmp_path) == whole
    assert trial(tmp_path)["attempts"] == 2
    assert outlived(processes) == {}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("gpu = 1.5", "resources.gpu: 1.5 is not valid; a number up to 1, or a whole number"),
        ("cpu = 0", "resources.cpu: a trial needs CPUs or a GPU; above 0"),
        ("cpu = 2e-05", "resources.cpu: 2e-05 is not valid; a number, at least 0.01 or 0"),
        ("gpu = 1e-05", "resources.gpu: 1e-05 is not valid; a number up to 1, or a whole number"),
        ("workers = -1", "resources.workers: -1 is not valid; a whole number, at least 0"),
        ("workers = 2.0", "resources.workers: 2.0 is not valid; a whole number, at least 0"),
        ("gpu = 4\nworkers = 2", "resources.workers: 2 ranks cannot share 4 GPUs; as many as GPUs"),
        ("gpu = 0.5\nworkers = 2", "resources.workers: 2 ranks cannot share 0.5 GPUs"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(settings: str, expected: str) -> None:
    text = f'name = "a"\n[[grid]]\nmodel = "alexnet"\n[resources]\n{settings}\n'
    with pytest.raises(SpecError) as error:
        parse_spec(text, "a.toml")
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("settings", "ranks", "each"),
    [
        ({}, 1, 0.0),
        ({"gpu": 0.5}, 1, 0.5),
        ({"gpu": 1}, 1, 1.0),
        ({"gpu": 8}, 8, 1.0),
        ({"gpu": 8, "workers": 8}, 8, 1.0),
        ({"workers": 3}, 3, 0.0),
    ],
)
def test_gpus_are_ranks_and_so_are_workers(
    settings: dict[str, Any], ranks: int, each: float
) -> None:
    resources = Resources(**settings)
    assert (resources.ranks, resources.gpu_of_a_rank) == (ranks, each)
    (planned,) = plan(parse_spec('name = "a"\n[[grid]]\nmodel = "mlp_1x512"', "a.toml"))
    if ranks > 1:
        assert largest_pack(Resources(**settings, engine="captured"), planned.trial) == 1
    assert workers(resources, {"CPU": 64.0, "GPU": 8.0}) == {0.0: 64, 0.5: 16, 1.0: 8}[each]


def test_ranks_that_no_cluster_can_hold_are_refused() -> None:
    with pytest.raises(ClusterError, match=r"resources.cpu: a trial asks for 6, and there are 4"):
        _check(Resources(cpu=2.0, workers=3), {"CPU": 4.0})
    with pytest.raises(ClusterError, match="use fewer workers"):
        _check(Resources(workers=1000), {"CPU": 4.0})


@pytest.mark.parametrize("workers", range(2, 50))
def test_the_advice_for_ranks_that_do_not_fit_can_be_followed(workers: int) -> None:
    with pytest.raises(ClusterError) as error:
        _check(Resources(workers=workers), {"CPU": 1.0})
    _check(Resources(workers=workers, cpu=float(error.value.todo.rpartition("=")[2])), {"CPU": 1.0})
