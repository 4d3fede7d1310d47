"""What a cluster lacks is said in a line before anything starts."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.errors import ClusterError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.orchestrator.tokens import auth_mode

NEW = """
name = "made"
[[grid]]
model = "mlp_1x512"
dataset = "cifar10"
epochs = 2
"""
LARGE = NEW.replace("cifar10", "synthetic") + "[resources]\ncpu = 2\n"


def test_a_cluster_that_asks_for_a_token_lets_nobody_else_in_and_that_is_said_at_once(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The launches here show it, although they are given an address, where Ray would not."""
    for name in (name for name in os.environ if name.startswith("RAY_")):
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    monkeypatch.setenv("HOME", str(tmp_path))
    began = time.monotonic()
    with pytest.raises(ClusterError, match="requires a token, and there is none here"):
        auth_mode(cluster.address)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 32)
    with pytest.raises(ClusterError, match="rejects the token that is here"):
        auth_mode(cluster.address)
    monkeypatch.setenv("RAY_AUTH_TOKEN", cluster.token)
    assert auth_mode(cluster.address) == "token"
    assert time.monotonic() - began < 15.0


def test_a_node_that_lacks_something_is_said_in_a_line_of_its_own_before_anything_starts(
    tmp_path: Path, cluster: Any, cifar10: Any
) -> None:
    if not cluster.namespaces:
        pytest.skip("needs the right to give a node mounts of its own (unshare)")
    results, data = tmp_path / "results", tmp_path / "data"
    Store.create(results)
    cifar10(data, damaged=False)
    cluster.add("empty", first=f"mount -t tmpfs none {tmp_path}")
    cluster.add("elsewhere", first=f"mount -t tmpfs none {results}")
    bind = f"mount --bind {results} {results} && mount -o remount,bind,ro {results}"
    cluster.add("locked", first=bind)
    code, err = cluster.launch(tmp_path, NEW).ended()
    for name in ("empty", "elsewhere", "locked"):
        cluster.kill(name)
    assert code == 3
    start, connecting, *lines = sorted(
        err.splitlines(), key=lambda line: line.startswith("gensweep: error")
    )
    assert start == "made: 1 trial, 0 done, 1 to run"
    assert connecting.startswith("connecting to Ray at ")
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
    assert not statuses(take_snapshot(Store.open(results)))


def test_a_trial_that_the_cluster_has_room_for_and_no_node_is_refused_at_once(
    cluster: Any, tmp_path: Path
) -> None:
    """Ray would wait for a larger node, and so would the launch, for ever."""
    code, err = cluster.launch(tmp_path, LARGE).ended()
    assert code == 3
    share = "a trial asks for 2 CPUs and 0 GPUs, and no single node has as much"
    assert err.splitlines()[-1] == f"gensweep: error: resources: {share}; see `ray status`"
