"""The nodes of a Ray cluster: how many trials fit on each, and whether each can run them."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import Any

from gensweep.orchestrator.errors import ClusterError
from gensweep.orchestrator.job import Job
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish
from gensweep.orchestrator.store.inside import remove
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import stands
from gensweep.trainables.datasets import check_prepared, register
from gensweep.trainables.errors import DataError, GensweepError

CHECK_SECONDS = 120.0
_TODO = "see `ray status`"


def workers(resources: Resources, there: dict[str, float]) -> int:
    """How many workers, or ranks of them, fit into the resources of one node."""
    cpu, gpu = resources.cpu, resources.gpu_of_a_rank
    fits = []
    if cpu > 0:
        fits.append(_times(cpu, there.get("CPU", 0.0)))
    if gpu > 0:  # a share is a share of a single GPU
        fits.append(int(there.get("GPU", 0.0)) * _times(gpu, 1.0))
    return min(fits, default=1)


def _times(share: float, total: float) -> int:
    return int(total / share + 1e-9)


def nodes(resources: Resources) -> list[dict[str, Any]]:
    """The living nodes of the connected Ray: for each its `host`, and how many workers fit."""
    return [
        {"host": node["NodeManagerHostname"], "workers": workers(resources, node["Resources"])}
        for node in _alive()
    ]


def _alive() -> list[dict[str, Any]]:
    import ray

    return [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]


def check_nodes(job: Job, resources: Resources, datasets: Iterable[str]) -> None:
    """Check the results and data folders from every node on which trials can run.

    Raises ClusterError with one line for each node that lacks something. A node that is lost
    meanwhile is ignored: no trial will run there.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = [node for node in _alive() if workers(resources, node["Resources"])]
    if len(there) < 2 and all(n["NodeManagerHostname"] == socket.gethostname() for n in there):
        return  # only this machine, which the launch has already checked
    look = ray.remote(num_cpus=0, max_retries=0)(look_around)
    asked = {}
    for node in there:
        strategy = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        asked[look.options(scheduling_strategy=strategy).remote(job, list(datasets))] = node
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=CHECK_SECONDS)
    still_there = {node["NodeID"] for node in _alive()}
    problems = [
        ClusterError(f"node {node['NodeManagerHostname']} ({node['NodeManagerAddress']})", *what)
        for ref, node in asked.items()
        if node["NodeID"] in still_there
        for what in (_answer(ref) if ref in answered else [("does not answer", "", _TODO)])
    ]
    if problems:
        raise ClusterError.all(problems)


def _answer(ref: Any) -> list[tuple[str, str, str]]:
    import ray

    try:
        found: list[tuple[str, str, str]] = ray.get(ref)
        return found
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1]
        return [(f"cannot run gensweep ({reason})", "", _TODO)]


def look_around(job: Job, datasets: Sequence[str]) -> list[tuple[str, str, str]]:
    """What a trial lacks on this node: (what is wrong, what is allowed, what to do) for each."""
    return [
        (f"{error.where}: {error.what}", error.allowed, error.todo)
        for error in [*_torch(), *_results(job), *_data(job, datasets)]
    ]


def _torch() -> list[GensweepError]:
    """It alone is not needed to look around."""
    if find_spec("torch"):
        return []
    return [GensweepError("torch", "is not installed", todo="install what gensweep needs")]


def _results(job: Job) -> list[GensweepError]:
    store = Store(job.results)
    share = "use a folder that every node shares under the same path, or a bucket"
    probe = store.leases / f"{job.lease}-{socket.gethostname()}.probe"
    try:
        if stands(store, job.lease):
            publish(store.root, probe, b"can be written")
            remove(store.root, probe)
            return []
        what = "is another folder here" if job.results.exists() else "there is no such folder"
    except StoreError as error:
        what = error.what
    except OSError as error:
        what = f"cannot be read ({error})"
    return [GensweepError(str(job.results), what, todo=share)]


def _data(job: Job, datasets: Sequence[str]) -> list[DataError]:
    problems = []
    register(job.datasets)
    for name in datasets:
        try:
            check_prepared(name, job.data)
        except DataError as error:
            problems.append(error)
    return problems
