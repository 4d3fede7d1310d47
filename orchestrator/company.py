"""The ranks of a worker: actors in the worker's own placement group, who train its trials with it.

Tune removes the group, and Ray ends the actors with it, when the worker is stopped, fails or dies.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from typing import Any

import ray
from ray.util import get_current_placement_group, get_node_ip_address
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from gensweep.orchestrator.job import Job
from gensweep.trainables.classifier.engines.ranked import Follower
from gensweep.trainables.context import Context
from gensweep.trainables.datasets import register
from gensweep.trainables.device import pick_device
from gensweep.trainables.errors import RankLostError
from gensweep.trainables.ranks import Order, Ranks, joined

_START_SECONDS = 300.0  # until all ranks are there
_GRACE_SECONDS = 20.0  # in which a rank hears that another is gone, and ends


class Rank:
    """The actor of one of the other ranks."""

    def here(self, job: Job) -> None:
        from gensweep.orchestrator.worker import give_way

        give_way(job.nice)
        register(job.datasets)

    def follow(self, host: str, port: int, ranks: Ranks, job: Job) -> None:
        """Train along until the first rank says to leave. Raises what a trial would."""
        _stay_here(host)
        context = Context(
            job.data, job.device, job.threads, compile=job.compile, micro_batch=job.micro_batch
        )
        with joined(ranks, TCPStore(host, port), pick_device(job.device)):
            Follower(ranks, context).run()


class Company:
    """The other ranks, seen from the first. Raises ray.exceptions.RayError if they do not come."""

    def __init__(self, job: Job) -> None:
        host = get_node_ip_address()  # type: ignore[no-untyped-call]
        _stay_here(host)
        ranks, store = Ranks(0, job.ranks), _store(host)
        self._left = threading.Event()
        self._stack = ExitStack()
        self._actors = [_actor(bundle) for bundle in range(1, ranks.world)]
        try:
            ray.get([actor.here.remote(job) for actor in self._actors], timeout=_START_SECONDS)
            self._asked = [
                actor.follow.remote(host, store.port, Ranks(rank, ranks.world), job)
                for rank, actor in enumerate(self._actors, start=1)
            ]
            threading.Thread(target=self._watch, name="company", daemon=True).start()
            self.ranks = self._stack.enter_context(joined(ranks, store, pick_device(job.device)))
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Send the others away."""
        self._left.set()
        with suppress(RankLostError):
            self.ranks.say(Order.LEAVE)
            self._over()
        self._end()

    def broken(self, error: Exception) -> Exception:
        """End the ranks after an error of the first one; return the one that came first.

        That is a RayError, or RankLostError, where a rank is gone.
        """
        if not isinstance(error, RankLostError):
            self._end()
            return error
        self._leave()  # the others may not have noticed yet
        others = [_error_of(asked) for asked in self._over()]
        self._end()
        # All that are left have lost one, too.
        return next((other for other in others if not isinstance(other, RankLostError)), error)

    def _over(self) -> list[Any]:
        """What has ended, of all that the others were asked for."""
        over, _ = ray.wait(self._asked, num_returns=len(self._asked), timeout=_GRACE_SECONDS)
        return list(over)

    def _watch(self) -> None:
        """End this process, which then counts as died, if it does not hear that another is gone."""
        ray.wait(self._asked, num_returns=1, timeout=None)
        if not self._left.wait(_GRACE_SECONDS):
            os._exit(1)

    def _leave(self) -> None:
        with suppress(RuntimeError):  # what is left of the group
            self._stack.close()
        self._left.set()

    def _end(self) -> None:
        self._leave()
        for actor in self._actors:
            ray.kill(actor)


def _error_of(asked: Any) -> Exception:
    try:
        ray.get(asked)
    except ray.exceptions.RayTaskError as error:
        return error.cause if isinstance(error.cause, Exception) else error
    except ray.exceptions.RayError as error:
        return error
    return RankLostError("it left")


def _store(host: str) -> TCPStore:
    """Where ranks meet, open to this address of the node alone."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        port, listening = server.getsockname()[1], server.detach()
    return TCPStore(host, port, is_master=True, wait_for_workers=False, master_listen_fd=listening)


def _stay_here(host: str) -> None:
    """Ranks of a Ray that is open to this machine alone talk over its loopback alone."""
    if ip_address(host).is_loopback:
        names = {name for _, name in socket.if_nameindex()}
        os.environ["GLOO_SOCKET_IFNAME"] = next(iter(names & {"lo", "lo0"}), "lo")


def _actor(bundle: int) -> Any:
    group = get_current_placement_group()
    assert group is not None
    share = group.bundle_specs[bundle]
    strategy = PlacementGroupSchedulingStrategy(group, bundle)
    resources = {"num_cpus": share.get("CPU", 0.0), "num_gpus": share.get("GPU", 0.0)}
    return ray.remote(Rank).options(scheduling_strategy=strategy, **resources).remote()
