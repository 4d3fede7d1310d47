"""A sweep on a cluster of several nodes, which come, go and lack things.

Each node here is a raylet of its own with a host name and a file system view of its own, on
loopback, in a Python that has all libraries and no gensweep.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import gensweep
from analysis.status import status_tables
from orchestrator.errors import ClusterError
from orchestrator.launch import Summary
from orchestrator.store.layout import Store
from orchestrator.store.leases import read_beat, read_leases
from orchestrator.store.snapshot import take_snapshot
from orchestrator.store.statuses import TrialStatus, statuses
from orchestrator.tokens import auth_mode

HOUSE = Path(__file__).resolve().parents[2]
MARK = "GENSWEEP_TEST_NODE"  # in the environment of everything that a node starts
PATIENCE = 120.0  # seconds

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
NEW = """
name = "made"
[[grid]]
model = "mlp_1x512"
dataset = "cifar10"
epochs = 2
"""
SHARES = """
name = "shares"
seeds = [0, 1, 2, 3]
[[grid]]
model = "mlp_1x512"
dataset = "synthetic"
[resources]
cpu = 0.25
gpu = 0.25
device = "cpu"
"""
# What depends on the clock and the machine; a traceback has the paths of the machine's files.
CLOCK = "wall_seconds, images_per_second, attempts, host, started_at, finished_at, error"

NODE = """
import sys
from ray._private.node import Node
from ray._private.parameter import RayParams
address, cpus, gpus = sys.argv[1:]
parameters = RayParams(
    gcs_address=address or None,
    num_cpus=int(cpus),
    num_gpus=int(gpus),
    node_ip_address="127.0.0.1",
    node_manager_port=0,
    min_worker_port=0,
    max_worker_port=0,
    dashboard_agent_listen_port=None,
    object_store_memory=80 * 1024**2,
    include_dashboard=False,
    include_log_monitor=False,
)
node = Node(parameters, head=not address, shutdown_at_exit=True, spawn_reaper=False)
print(node.gcs_address, flush=True)
sys.stdin.read()
"""

# A training that needs a share of the only GPU, by its seed, and says when it had how much. Those
# with a quarter wait for each other.
NEEDS = """
import time
from dataclasses import replace

import ray

from trainables import noop
from trainables.errors import DeviceMemoryError

NEEDS = [0.25, 0.5, 1.0, 2.0]

def run(trials, context):
    (trial,) = trials
    share = ray.get_runtime_context().get_assigned_resources()["GPU"]
    began = time.monotonic()
    (context.data_dir / f"{share}-{trial.seed}").touch()
    while share == 0.25 and len(list(context.data_dir.glob("0.25-*"))) < 4:
        assert time.monotonic() < began + 60.0, "not all at once"
        time.sleep(0.05)
    time.sleep(0.5)
    with (context.data_dir / "spans").open("a") as file:
        file.write(f"{share} {began} {time.monotonic()}\\n")
    if share < NEEDS[trial.seed]:
        raise DeviceMemoryError("device cuda", "tried to allocate 20 GiB")
    yield from noop.run(trials, replace(context, device=f"{share:g} of a GPU"))
"""


def _namespaces() -> list[str]:
    """What gives a node a host name and mounts of its own, where the system permits it."""
    command = ["unshare", "--uts", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
    try:
        permitted = subprocess.run([*command, "true"], capture_output=True).returncode == 0
    except OSError:
        permitted = False
    return command if permitted else []


@dataclass
class Cluster:
    """Nodes, of which the first is the head. `temporary` is short, as sockets have to be."""

    temporary: Path
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    nodes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    address: str = ""

    def __post_init__(self) -> None:
        (self.temporary / "node.py").write_text(NODE)
        venv.create(self.temporary / "bare", symlinks=True)
        (packages,) = self.temporary.glob("bare/lib/python*/site-packages")
        ours = next(path for path in sys.path if path.endswith("site-packages"))
        (packages / "shared.pth").write_text(ours)  # what is beside it there is not followed
        self.python = str(self.temporary / "bare/bin/python")

    @property
    def environment(self) -> dict[str, str]:
        """Ours, less what launches have put there, with the token that the cluster asks for."""
        ours = ("RAY_", "TUNE_", "GENSWEEP_", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        loopback = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # as launches have it for their own
        return kept | loopback | {"RAY_AUTH_TOKEN": self.token, "RAY_TMPDIR": str(self.temporary)}

    def add(self, name: str, cpus: int = 1, gpus: int = 0, first: str = "true") -> None:
        """Start a node, after a command that may change what it sees."""
        shell = ["sh", "-c", f'hostname {name}; {first}; exec "$@"', "sh"]
        inside = [*_namespaces(), *shell] if _namespaces() else []
        self.nodes[name] = subprocess.Popen(
            [*inside, self.python, "node.py", self.address, str(cpus), str(gpus)],
            cwd=self.temporary,
            env=self.environment | {"RAY_AUTH_MODE": "token", MARK: f"{self.token}-{name}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        answer = self.nodes[name].stdout.readline().strip()  # type: ignore[union-attr]
        assert answer, f"{name} did not start"
        self.address = self.address or answer

    def kill(self, name: str) -> None:
        """Everything on a node at once, as when its machine loses power."""
        mark = f"{MARK}={self.token}-{name}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:  # gone by now
                    continue
        self.nodes.pop(name).wait()

    def launch(self, folder: Path, text: str, house: Path | None = None) -> subprocess.Popen[str]:
        """`gensweep launch`, of this checkout or another."""
        (folder / "made.toml").write_text(text)
        start = [sys.executable, "-c", "from cli.main import main; main()"]
        where = ["--results", str(folder / "results"), "--data", str(folder / "data")]
        return subprocess.Popen(
            [*start, "launch", str(folder / "made.toml"), "--address", self.address, *where],
            cwd=house or folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if not Path("/proc/self/environ").exists():
        pytest.skip("finds the processes of a node through /proc")
    temporary = Path(tempfile.mkdtemp(prefix="gs-", dir="/tmp"))
    made = Cluster(temporary)
    try:
        made.add("head", cpus=0)
        made.add("node-1")
        made.add("node-2")
        yield made
    finally:
        for name in list(made.nodes):
            made.kill(name)
        shutil.rmtree(temporary)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code, and what was said."""
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)


def nodes_at_work(store: Store) -> dict[str, tuple[int, int]]:
    """By name, how many trials fit there, and how many run, as `gensweep status` has it."""
    with gensweep.connect(store.root) as db:
        rows = status_tables(db)[1].records()
    return {row["node"]: (row["lanes"], row["running"]) for row in rows if row["node"]}


def known_nodes(store: Store) -> list[str]:
    """The same from its source, which is sooner read."""
    return [n["host"] for each in read_leases(store) for n in read_beat(store, each.id).nodes]


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
def swept(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster, cifar10: Any) -> Swept:
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

    process = cluster.launch(folder, SWEEP)
    wait_for(lambda: len(known_nodes(store)) == 3, process)
    cluster.add("node-3")
    wait_for(saved_on_node_1, process)
    before = nodes_at_work(store)
    cluster.kill("node-1")
    wait_for(lambda: len(known_nodes(store)) == 4 or "node-3" in known_nodes(store), process)
    after = nodes_at_work(store)
    return Swept(folder, *ended(process), before, after)


def test_a_sweep_outlives_a_node_and_has_the_rows_of_one_that_nobody_disturbed(
    swept: Swept, tmp_path: Path, launch: Callable[..., Summary], cifar10: Any
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
    swept: Swept,
) -> None:
    if not _namespaces():
        pytest.skip("needs the right to give a node a name of its own (unshare)")
    with gensweep.connect(swept.folder / "results") as db:
        hosts = {host for (host,) in db.table("select distinct host from trials").rows}
    assert hosts >= {"node-2", "node-3"}  # node-1 may have ended a trial before it was lost
    assert swept.before["head"] == (0, 0)
    assert swept.before["node-1"] == (1, 1)
    assert {name: lanes for name, (lanes, _) in swept.before.items()} | {"node-3": 1} == {
        name: lanes for name, (lanes, _) in swept.after.items()
    } | {"node-1": 1}


def test_workers_need_no_gensweep_on_their_node_as_the_launch_brings_it(
    swept: Swept, cluster: Cluster
) -> None:
    command = [cluster.python, "-c", "import ray, torch, orchestrator"]
    tried = subprocess.run(
        command, cwd=swept.folder, env=cluster.environment, capture_output=True, text=True
    )
    assert tried.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'orchestrator'"
    with gensweep.connect(swept.folder / "results") as db:
        ((traceback,),) = db.table("select error from trials where status = 'failed'").rows
    assert "IndexError: Target 10 is out of bounds" in traceback
    files = [line for line in traceback.splitlines() if line.startswith("  File ")]
    own = [line for line in files if "/trainables/" in line or "/orchestrator/" in line]
    assert len(own) >= 2
    assert all("/runtime_resources/py_modules_files/" in line for line in own)
    assert not [line for line in files if str(HOUSE / "orchestrator") in line]


def test_a_cluster_that_asks_for_a_token_lets_nobody_else_in_and_that_is_said_at_once(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The launches here show it, although they are given an address, where Ray would not."""
    for name in (name for name in os.environ if name.startswith("RAY_")):
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    monkeypatch.setenv("HOME", str(tmp_path))
    began = time.monotonic()
    with pytest.raises(ClusterError, match="asks for a token, and there is none here"):
        auth_mode(cluster.address)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 32)
    with pytest.raises(ClusterError, match="does not take the token that is here"):
        auth_mode(cluster.address)
    monkeypatch.setenv("RAY_AUTH_TOKEN", cluster.token)
    assert auth_mode(cluster.address) == "token"
    assert time.monotonic() - began < 15.0


def test_a_node_that_lacks_something_is_said_in_a_line_of_its_own_before_anything_starts(
    swept: Swept, cluster: Cluster, cifar10: Any
) -> None:
    if not _namespaces():
        pytest.skip("needs the right to give a node mounts of its own (unshare)")
    results, data = swept.folder / "results", swept.folder / "data"
    before = statuses(take_snapshot(Store.open(results)))
    cluster.add("empty", first=f"mount -t tmpfs none {swept.folder}")
    cluster.add("elsewhere", first=f"mount -t tmpfs none {results}")
    bind = f"mount --bind {results} {results} && mount -o remount,bind,ro {results}"
    cluster.add("locked", first=bind)
    code, err = ended(cluster.launch(swept.folder, NEW))
    for name in ("empty", "elsewhere", "locked"):
        cluster.kill(name)
    assert code == 3
    start, *lines = sorted(err.splitlines(), key=lambda line: line.startswith("gensweep: error"))
    assert start == "made: 1 trials, 0 done, 1 to run"
    share = "use a folder that every node shares under the same path, or a bucket"
    (read_only,) = [line for line in lines if "node locked " in line]
    assert f"{results}: cannot be written" in read_only
    assert "Read-only file system" in read_only
    assert [line for line in lines if "node elsewhere " in line] == [
        f"gensweep: error: node elsewhere (127.0.0.1): {results}: is another folder here; {share}"
    ]
    folder, dataset = sorted(line for line in lines if "node empty " in line)
    assert f"{results}: there is no such folder; {share}" in folder
    assert f"dataset cifar10: is not there in {data}; run `gensweep data prepare" in dataset
    assert len(lines) == 4
    assert statuses(take_snapshot(Store.open(results))) == before


def test_a_trial_that_the_cluster_has_room_for_and_no_node_is_refused_at_once(
    swept: Swept, cluster: Cluster, tmp_path: Path
) -> None:
    """Ray would wait for a larger node, and so would the launch, for ever."""
    large = SHARES.replace("cpu = 0.25\ngpu = 0.25", "cpu = 2")
    code, err = ended(cluster.launch(tmp_path, large))
    assert code == 3
    share = "a trial asks for 2 CPUs and 0 GPUs, and no single node has as much"
    assert err.splitlines()[-1] == f"gensweep: error: resources: {share}; see `ray status`"


@dataclass(frozen=True)
class Shared:
    """A sweep that shared the only GPU: its trials by their seeds, and who had how much when."""

    trials: list[dict[str, Any]]
    spans: list[list[float]]
    err: str


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Shared:
    folder, house = tmp_path_factory.mktemp("shared"), tmp_path_factory.mktemp("house")
    (folder / "data").mkdir()
    for package in ("cli", "analysis", "orchestrator", "trainables"):
        shutil.copytree(HOUSE / package, house / package)
    (house / "trainables" / "classifier.py").write_text(NEEDS)
    cluster.add("gpu", gpus=1)
    code, err = ended(cluster.launch(folder, SHARES, house))
    cluster.kill("gpu")
    assert code == 1, err
    lines = (folder / "data" / "spans").read_text().splitlines()
    with gensweep.connect(folder / "results") as db:
        trials = db.table("select * from trials order by seed").records()
    return Shared(trials, [[float(part) for part in line.split()] for line in lines], err)


def test_trials_pack_by_their_share_of_a_gpu(shared: Shared) -> None:
    """Four with a quarter are there at once, and never more than fit."""
    at_once = {
        share: max(
            sum(s == share and first <= began < last for s, first, last in shared.spans)
            for _, began, _ in shared.spans
        )
        for share in (0.25, 0.5, 1.0)
    }
    assert at_once[0.25] == 4
    assert at_once[0.5] <= 2
    assert at_once[1.0] == 1


def test_a_trial_that_needs_more_of_a_gpu_gets_it_until_a_whole_one_does_not_suffice(
    shared: Shared,
) -> None:
    found = [(row["status"], row["device"], row["attempts"]) for row in shared.trials]
    assert found == [
        ("done", "0.25 of a GPU", 1),
        ("done", "0.5 of a GPU", 2),
        ("done", "1 of a GPU", 3),
        ("failed", None, 3),
    ]
    assert shared.trials[3]["error"].endswith("device cuda: tried to allocate 20 GiB\n")
    assert "seed 3: failed: device cuda: tried to allocate 20 GiB" in shared.err
