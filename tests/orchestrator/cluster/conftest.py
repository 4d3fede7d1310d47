"""Clusters of several nodes, which come, go and lack things.

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
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MARK = "GENSWEEP_TEST_NODE"  # in the environment of everything that a node starts
PATIENCE = 120.0  # seconds

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


def _namespaces() -> list[str]:
    """The command that gives a node a host name and mounts of its own, where that is permitted."""
    command = ["unshare", "--uts", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
    try:
        permitted = subprocess.run([*command, "true"], capture_output=True).returncode == 0
    except OSError:
        permitted = False
    return command if permitted else []


@dataclass
class Launched:
    """A `gensweep launch` on a cluster."""

    process: subprocess.Popen[str]

    def ended(self) -> tuple[int, str]:
        """The exit code, and what was said."""
        _, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, err


@dataclass
class Cluster:
    """Nodes, of which the first is the head. `temporary` is short, as sockets have to be."""

    temporary: Path
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    nodes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    address: str = ""
    namespaces: list[str] = field(default_factory=_namespaces)

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
        inside = [*self.namespaces, *shell] if self.namespaces else []
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

    def launch(self, folder: Path, text: str, house: Path | None = None) -> Launched:
        """`gensweep launch`, of this checkout or another."""
        (folder / "made.toml").write_text(text)
        start = [sys.executable, "-m", "gensweep"]
        where = ["--results", str(folder / "results"), "--data", str(folder / "data")]
        process = subprocess.Popen(
            [*start, "launch", str(folder / "made.toml"), "--address", self.address, *where],
            cwd=house or folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Launched(process)


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
