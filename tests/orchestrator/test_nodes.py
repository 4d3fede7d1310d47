"""Before a sweep runs on a cluster, every node says what a trial would lack there."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from gensweep.orchestrator import nodes as module
from gensweep.orchestrator.errors import ClusterError
from gensweep.orchestrator.job import Job
from gensweep.orchestrator.nodes import check_nodes, look_around, nodes, workers
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.store.bucket import BucketPath
from gensweep.orchestrator.store.claiming import HeldLease
from gensweep.orchestrator.store.files import not_writable
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import revoke
from gensweep.orchestrator.store.location import Location

SHARE = "use a folder that every node shares under the same path, or a bucket"
TRIAL = Resources(cpu=1.0, gpu=0.25)


def job_in(results: Location, data: Path) -> Job:
    """A job whose launch holds a lease in the folder."""
    held = HeldLease(Store.create(results), "launch of made")
    held.claim(["a trial"])
    return Job(results, data, "cpu", 1, "abc", held.id)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return job_in(tmp_path / "results", tmp_path / "data")


def node_id(name: str) -> str:
    return name.encode().hex().ljust(56, "0")


def node(name: str, alive: bool = True, **resources: float) -> dict[str, Any]:
    """A node as Ray describes it."""
    return {
        "NodeID": node_id(name),
        "Alive": alive,
        "NodeManagerHostname": name,
        "NodeManagerAddress": f"address of {name}",
        "Resources": resources,
    }


@pytest.mark.parametrize(
    ("cpu", "gpu", "fit"),
    [
        (1, 0, 8),
        (3, 0, 2),
        (0.5, 0, 16),
        (9, 0, 0),
        (0, 0, 1),
        (1, 0.25, 8),
        (0.1, 0.25, 8),
        (0.1, 0.4, 4),  # a share is of one GPU: the fifth would need a fifth of each
        (0.1, 0.6, 2),
        (1, 1, 2),
        (1, 2, 2),  # from two GPUs on, the ranks of a trial are counted
        (1, 3, 2),
        (0.1, 0.1, 20),
    ],
)
def test_as_many_trials_run_on_a_node_as_have_their_shares_there(
    cpu: float, gpu: float, fit: int
) -> None:
    assert workers(Resources(cpu=cpu, gpu=gpu), {"CPU": 8.0, "GPU": 2.0, "memory": 1e9}) == fit


def test_the_living_nodes_are_listed_with_the_trials_that_fit_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = [node("head"), node("a", CPU=2, GPU=1), node("b", False, CPU=2), node("c", CPU=9)]
    monkeypatch.setattr(ray, "nodes", lambda: there)
    assert nodes(Resources(cpu=0.25, gpu=0.5)) == [
        {"host": "head", "workers": 0},
        {"host": "a", "workers": 2},
        {"host": "c", "workers": 0},
    ]


def test_a_node_with_the_folder_and_the_data_lacks_nothing(
    job: Job, cifar10: Callable[..., None]
) -> None:
    cifar10(job.data, damaged=False)
    store = Store(job.results)
    before = set(store.leases.iterdir())
    assert look_around(job, ["cifar10", "digits"]) == []
    assert set(store.leases.iterdir()) == before


def test_in_a_bucket_a_node_looks_as_in_a_folder(bucket: BucketPath, tmp_path: Path) -> None:
    job = job_in(bucket / "results", tmp_path)
    assert look_around(job, []) == []
    revoke(Store(job.results), job.lease)
    assert look_around(job, []) == [(f"{job.results}: is another folder here", "", SHARE)]
    elsewhere = replace(job, results=bucket / "elsewhere")
    assert look_around(elsewhere, []) == [
        (f"{elsewhere.results}: there is no such folder", "", SHARE)
    ]


def test_a_folder_that_is_not_there_is_said(job: Job) -> None:
    Path(job.results).rename(Path(job.results).with_name("elsewhere"))
    assert look_around(job, []) == [(f"{job.results}: there is no such folder", "", SHARE)]
    assert not job.results.exists()


def test_a_folder_of_the_same_name_that_is_another_one_is_said(job: Job) -> None:
    Path(job.results).rename(Path(job.results).with_name("elsewhere"))
    Store.create(job.results)
    assert look_around(job, []) == [(f"{job.results}: is another folder here", "", SHARE)]


def test_a_folder_that_cannot_be_written_or_read_is_said(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(root: Path, path: Path, content: bytes) -> None:
        raise not_writable(path, OSError(30, "Read-only file system"))

    def stale(*arguments: Any) -> bool:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(module, "publish", refuse)
    ((what, _, todo),) = look_around(job, [])
    assert "cannot be written" in what
    assert "Read-only file system" in what
    assert todo == SHARE
    monkeypatch.setattr(module, "stands", stale)
    ((what, _, _),) = look_around(job, [])
    assert what == f"{job.results}: cannot be read ([Errno 116] Stale file handle)"


def test_every_dataset_that_is_missing_is_said_with_how_to_get_it(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    torch, *data = look_around(job, ["cifar10", "synthetic", "mnist"])
    assert torch == ("torch: is not installed", "", "install what gensweep needs")
    assert [what for what, _, _ in data] == [
        f"dataset {name}: is not there in {job.data}" for name in ("cifar10", "mnist")
    ]
    assert "gensweep data prepare cifar10" in data[0][2]


def test_on_this_machine_alone_nothing_is_asked(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    here = node(socket.gethostname(), CPU=2, GPU=1)
    monkeypatch.setattr(ray, "nodes", lambda: [node("a head without room"), here])
    monkeypatch.setattr(ray, "remote", lambda **options: pytest.fail("asked a node"))
    check_nodes(job, TRIAL, ["cifar10"])


class Asked:
    """Stands in for the function on the nodes: `answers` has what each of them says."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = {node_id(name): answer for name, answer in answers.items()}

    def options(self, scheduling_strategy: Any) -> Any:
        return SimpleNamespace(remote=lambda *arguments: scheduling_strategy.node_id)

    def wait(self, refs: list[str], **options: Any) -> tuple[list[str], list[str]]:
        there = [ref for ref in refs if ref in self.answers]
        return there, [ref for ref in refs if ref not in there]

    def get(self, ref: str) -> Any:
        if isinstance(self.answers[ref], Exception):
            raise self.answers[ref]
        return self.answers[ref]


def test_each_node_that_lacks_something_or_does_not_answer_gets_a_line_if_it_is_still_there(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    unable, lost = (ray.exceptions.RayError(f"a long story\n{end}") for end in ("no torch", "lost"))
    other = [("/r: is another folder here", "", SHARE)]
    asked = Asked({"a": [], "b": other, "d": unable, "l": lost})
    there = [node("head"), *(node(name, CPU=1, GPU=1) for name in "abcdl"), node("e", False, CPU=1)]
    looks = iter([there, [n for n in there if n["NodeManagerHostname"] != "l"]])
    monkeypatch.setattr(ray, "nodes", lambda: next(looks))
    monkeypatch.setattr(ray, "remote", lambda **options: lambda function: asked)
    monkeypatch.setattr(ray, "wait", asked.wait)
    monkeypatch.setattr(ray, "get", asked.get)
    with pytest.raises(ClusterError) as caught:
        check_nodes(job, TRIAL, [])
    assert [str(problem) for problem in caught.value.problems] == [
        f"node b (address of b): /r: is another folder here; {SHARE}",
        "node c (address of c): does not answer; see `ray status`",
        "node d (address of d): cannot run gensweep (no torch); see `ray status`",
    ]
