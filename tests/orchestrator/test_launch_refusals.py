"""A launch that cannot work says so before it runs anything, and leaves the folder as it was."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import ray

from gensweep.orchestrator import cluster
from gensweep.orchestrator.cluster import _check, ray_cluster
from gensweep.orchestrator.errors import ClusterError, RayLostError
from gensweep.orchestrator.nodes import workers as workers_of
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.remaining import LaunchOutcome, remaining
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.claiming import claim_trials, hold
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.errors import LeaseLostError, StoreBusyError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.errors import DataError
from gensweep.trainables.records import Ended

SWEEP = """
name = "made"
seeds = [0, 1, 2, 3, 4]
[[grid]]
model = "mlp_1x512"
dataset = "{}"
"""
STATUSES = ("done", "diverged", "failed", "interrupted", "running")


@pytest.fixture
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        pytest.fail("started a Ray")

    monkeypatch.setattr(cluster, "ray_cluster", refuse)


@pytest.fixture
def filled(tmp_path: Path) -> Store:
    """A folder with a trial of the sweep in every status."""
    store = Store.create(tmp_path / "results")
    planned = plan(parse_spec(SWEEP.format("synthetic"), "made.toml"))
    for p, status in zip(planned, STATUSES, strict=True):
        writer = TrialWriter(store, p.trial, Provenance("", "", "{}"))
        writer.begin()
        if status == "failed":
            writer.end("failed", "a traceback")
        elif status != "running":
            writer.add(Ended(status))  # type: ignore[arg-type]
    return store


@pytest.mark.usefixtures("no_ray")
def test_a_sweep_of_which_somebody_runs_everything_is_refused_and_it_is_said_who_and_since_when(
    tmp_path: Path, launch: Callable[..., LaunchOutcome]
) -> None:
    store = Store.create(tmp_path / "results")
    ids = [p.trial.trial_id for p in plan(parse_spec(SWEEP.format("synthetic"), "made.toml"))]
    with (
        claim_trials(store, "launch of table_1", ids[:3]),
        claim_trials(store, "launch of figure_1", [*ids[3:], "another"]),
        pytest.raises(StoreBusyError) as caught,
    ):
        launch(SWEEP.format("synthetic"), tmp_path)
    said = str(caught.value)
    who = f"by process {os.getpid()} on "
    assert f"in use: 3 of these trials are claimed by the launch of table_1 {who}" in said
    assert f"2 of these trials are claimed by the launch of figure_1 {who}" in said
    assert len(re.findall(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", said)) == 2
    assert caught.value.where == str(store.root)
    assert list(store.sweeps.iterdir()) == list(store.leases.iterdir()) == []


@pytest.mark.usefixtures("no_ray")
def test_what_others_run_of_other_sweeps_is_in_nobodys_way(
    filled: Store, tmp_path: Path, launch: Callable[..., LaunchOutcome]
) -> None:
    text = SWEEP.format("synthetic").replace("[0, 1, 2, 3, 4]", "[0, 1, 2]")
    ended = [p.trial.trial_id for p in plan(parse_spec(text, "made.toml"))]
    with claim_trials(
        filled, "launch of table_1", ["another", *ended]
    ):  # those it will not run again
        assert launch(text, tmp_path).statuses == Counter(done=1, diverged=1, failed=1)


@pytest.mark.usefixtures("no_ray")
@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_a_dataset_that_is_not_there_is_said_before_any_trial_fails(
    tmp_path: Path, launch: Callable[..., LaunchOutcome], name: str
) -> None:
    with pytest.raises(DataError, match=f"gensweep data prepare {name}"):
        launch(SWEEP.format(name), tmp_path)
    store = Store.open(tmp_path / "results")
    assert statuses(take_snapshot(store)) == {}
    assert list(store.leases.iterdir()) == []


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("retry_failed", [False, True])
def test_what_remains_is_what_has_not_ended_and_failures_on_request(
    filled: Store, compacted: bool, retry_failed: bool
) -> None:
    if compacted:
        compact(filled)
    planned = plan(parse_spec(SWEEP.format("synthetic"), "made.toml"))
    work = remaining(filled, planned, retry_failed)
    expected = [3, 4] if not retry_failed else [2, 3, 4]
    assert [p.trial.seed for p in work.todo] == expected
    assert {i: s.status for i, s in work.known.items()} == {
        p.trial.trial_id: status for p, status in zip(planned, STATUSES, strict=True)
    }


def test_without_a_folder_everything_remains() -> None:
    planned = plan(parse_spec(SWEEP.format("synthetic"), "made.toml"))
    assert list(remaining(None, planned).todo) == planned


@pytest.mark.usefixtures("no_ray")
def test_a_launch_does_not_mind_that_somebody_compacts(
    filled: Store, tmp_path: Path, launch: Callable[..., LaunchOutcome]
) -> None:
    text = SWEEP.format("synthetic").replace("[0, 1, 2, 3, 4]", "[0, 1, 2]")
    with hold(filled, "compaction"):
        summary = launch(text, tmp_path)
    assert summary.statuses == Counter(done=1, diverged=1, failed=1)


def test_resources_that_the_cluster_lacks_are_an_error_that_names_them_and_run_nothing(
    tmp_path: Path, launch: Callable[..., LaunchOutcome], recorder: Any
) -> None:
    text = SWEEP.format("synthetic") + "[resources]\ngpu = 10_000\n"
    display = recorder()
    with pytest.raises(ClusterError, match=r"a trial asks for 10000, and there are \d") as caught:
        launch(text, tmp_path, display)
    assert caught.value.where == "resources.gpu"
    assert "--set resources.gpu=" in caught.value.todo
    assert display.starts == []
    assert statuses(take_snapshot(Store.open(tmp_path / "results"))) == {}
    assert not ray.is_initialized()


@pytest.mark.parametrize(
    ("resources", "lacks"),
    [
        (Resources(cpu=8, gpu=1), None),
        (Resources(cpu=4, gpu=2), None),
        (Resources(cpu=5, gpu=2), "resources.cpu: a trial asks for 10, .*resources.cpu=4"),
        (Resources(cpu=8.5), "resources.cpu: a trial asks for 8.5, and there are 8"),
        (Resources(gpu=3), "resources.gpu: a trial asks for 3, and there are 2"),
    ],
)
def test_what_a_trial_asks_for_is_compared_with_what_is_there(
    resources: Resources, lacks: str | None
) -> None:
    there = {"CPU": 8.0, "GPU": 2.0}
    if lacks is None:
        _check(resources, there)
    else:
        with pytest.raises(ClusterError, match=lacks):
            _check(resources, there)


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"127.0.0.1:{port}"


@pytest.mark.parametrize("form", ["{}", "127.0.0.1:99999"])
def test_a_ray_that_cannot_be_reached_is_at_once_an_error_that_names_it(
    nobody: str, form: str
) -> None:
    address = form.format(nobody)
    began = time.monotonic()
    with (
        pytest.raises(ClusterError, match="cannot be reached") as caught,
        ray_cluster(address, Resources()),
    ):
        pytest.fail("reached a Ray that is not there")
    assert caught.value.where == address
    assert time.monotonic() - began < 30
    assert not ray.is_initialized()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_server_that_is_no_ray_is_told_by_its_answer(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "REACH_SECONDS", 1.0)
    peers = []

    def serve(server: socket.socket) -> None:
        peers.append(server.accept()[0])
        peers[0].sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=[server], daemon=True).start()
        with (
            pytest.raises(ClusterError, match="is no Ray: it does not answer as one"),
            ray_cluster(f"127.0.0.1:{server.getsockname()[1]}", Resources()),
        ):
            pytest.fail("ran on something else")
    assert not ray.is_initialized()


@pytest.mark.parametrize("address", ["", "local"])
def test_a_word_that_names_no_cluster_starts_none_that_everybody_may_use(address: str) -> None:
    with (
        pytest.raises(ClusterError, match="names no cluster; HOST:PORT of the head node, or auto"),
        ray_cluster(address, Resources()),
    ):
        pytest.fail("started a Ray")
    assert not ray.is_initialized()


@pytest.mark.parametrize(
    ("limit", "told"), [("ulimit -f 1024", "ulimit -f: allows"), ("ulimit -v 4000000", "ulimit -v")]
)
def test_a_limit_that_is_too_low_for_ray_is_named(limit: str, told: str) -> None:
    code = (
        "from gensweep.orchestrator.limits import check_limits\n"
        "try: check_limits(own=True)\nexcept Exception as error: print(error)"
    )
    done = subprocess.run(
        ["bash", "-c", f'{limit}; exec "$0" -c "$1"', sys.executable, code],
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(told), done.stderr


def test_python_without_docstrings_is_refused_with_the_variable_that_asks_for_it() -> None:
    code = "from gensweep.orchestrator.limits import check_limits; check_limits(own=False)"
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True)
    assert "unset PYTHONOPTIMIZE" in done.stderr.splitlines()[-1]


def test_an_address_of_a_ray_client_is_refused_with_the_one_to_use_instead() -> None:
    with (
        pytest.raises(ClusterError, match="HOST:PORT of the head node"),
        ray_cluster("ray://127.0.0.1:10001", Resources()),
    ):
        pytest.fail("ran through a Ray Client")


@pytest.mark.parametrize(
    ("resources", "workers"),
    [
        (Resources(cpu=1), 8),
        (Resources(cpu=3), 2),
        (Resources(cpu=0.5), 16),
        (Resources(cpu=1, gpu=0.25), 8),
        (Resources(cpu=0.1, gpu=0.1), 20),
        (Resources(cpu=1, gpu=2), 2),  # of the ranks of one
        (Resources(cpu=0, gpu=0), 1),
    ],
)
def test_as_many_trials_run_side_by_side_as_fit(resources: Resources, workers: int) -> None:
    assert workers_of(resources, {"CPU": 8.0, "GPU": 2.0}) == workers


def test_a_ray_that_does_not_start_in_time_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow(**options: Any) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr("ray.init", slow)
    with (
        pytest.raises(RayLostError, match=r"local Ray: did not start in time"),
        ray_cluster(None, Resources()),
    ):
        pass


@pytest.mark.parametrize("when", ["while it starts", "while trials run"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_stop_outlives_the_ray_that_dies_with_it(
    tmp_path: Path,
    launch: Callable[..., LaunchOutcome],
    monkeypatch: pytest.MonkeyPatch,
    when: str,
    number: int,
) -> None:
    rays = []

    @contextmanager
    def doomed(*about: Any) -> Iterator[int]:
        rays.append(about)
        if when == "while it starts":
            os.kill(os.getpid(), number)
        yield 1
        raise RayLostError("local Ray", "has died")

    def disturbed(*about: Any) -> None:
        os.kill(os.getpid(), number)
        raise RuntimeError("what a dying Ray says")

    monkeypatch.setattr(cluster, "ray_cluster", doomed)
    monkeypatch.setattr("gensweep.orchestrator.tuner.run_tuner", disturbed)
    monkeypatch.setattr("gensweep.orchestrator.launch.nodes", lambda resources: [])
    monkeypatch.setattr("gensweep.orchestrator.launch.check_nodes", lambda *about: None)
    summary = launch(SWEEP.format("synthetic"), tmp_path)
    assert summary == LaunchOutcome(Counter(planned=5), interrupted=True)
    assert len(rays) == 1


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (lambda store: Path(store.root).rename(store.root.with_name("moved")), "is gone: it was"),
        (lambda store: shutil.rmtree(store.root), "is gone: it was moved or deleted"),
        (
            lambda store: [p.unlink() for p in store.leases.glob("*.json")],
            "the lease of this launch is gone",
        ),
    ],
    ids=["moved", "deleted", "taken over"],
)
def test_a_launch_that_loses_its_folder_tells_that_from_another_that_took_over(
    tmp_path: Path,
    launch: Callable[..., LaunchOutcome],
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Store], object],
    what: str,
) -> None:
    @contextmanager
    def ray_of_one(*about: Any) -> Iterator[int]:
        yield 1

    def run_tuner(job: Any, *about: Any) -> dict[str, Any]:
        act(Store(job.results))
        return {}

    monkeypatch.setattr(cluster, "ray_cluster", ray_of_one)
    monkeypatch.setattr("gensweep.orchestrator.tuner.run_tuner", run_tuner)
    monkeypatch.setattr("gensweep.orchestrator.launch.nodes", lambda resources: [])
    monkeypatch.setattr("gensweep.orchestrator.launch.check_nodes", lambda *about: None)
    monkeypatch.setattr("gensweep.orchestrator.store.leases.BEAT", 0.05)
    with pytest.raises(LeaseLostError, match=what):
        launch(SWEEP.format("synthetic"), tmp_path)
    time.sleep(0.2)
    assert (tmp_path / "results").exists() == (what == "the lease of this launch is gone")
