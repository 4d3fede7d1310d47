"""The ranks of a worker: actors in the worker's own placement group, who train its trials with it.

Tune removes the group, and Ray ends the actors with it, when the worker is stopped, fails or dies.
"""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, suppress
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
from gensweep.trainables.ranks import Order, Ranks, joined

_START_SECONDS = 300.0  # until all ranks are there
_GRACE_SECONDS = 20.0  # in which an error reaches a rank that waits for one that is gone


class Rank:
    """The actor of one of the other ranks."""

    def here(self, job: Job) -> None:
        from gensweep.orchestrator.worker import give_way

        give_way(job.nice)
        register(job.datasets)

    def follow(self, host: str, port: int, ranks: Ranks, job: Job) -> None:
        """Train along until the first rank says to leave. Raises what a trial would."""
        context = Context(
            job.data, job.device, job.threads, compile=job.compile, micro_batch=job.micro_batch
        )
        with joined(ranks, TCPStore(host, port), pick_device(job.device)):
            Follower(ranks, context).run()


class Company:
    """The other ranks, seen from the first. Raises ray.exceptions.RayError if they do not come."""

    def __init__(self, job: Job) -> None:
        host = get_node_ip_address()  # type: ignore[no-untyped-call]
        world = job.ranks
        store = TCPStore(host, 0, is_master=True, wait_for_workers=False)
        self._closing = False
        self._actors = [_actor(job, bundle) for bundle in range(1, world)]
        try:
            ray.get([actor.here.remote(job) for actor in self._actors], timeout=_START_SECONDS)
            self._asked = [
                actor.follow.remote(host, store.port, Ranks(rank, world), job)
                for rank, actor in enumerate(self._actors, start=1)
            ]
            threading.Thread(target=self._watch, name="company", daemon=True).start()
            self._stack = ExitStack()
            ranks = Ranks(0, world)
            self.ranks = self._stack.enter_context(joined(ranks, store, pick_device(job.device)))
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Send the others away."""
        self._closing = True
        try:
            self.ranks.say(Order.LEAVE)
            ray.wait(self._asked, num_returns=len(self._asked), timeout=_GRACE_SECONDS)
        except RuntimeError:  # one is gone
            pass
        finally:
            self._abort()
            self._end()

    def broken(self) -> Exception | None:
        """Why the ranks cannot go on together: the error of another one, if it was its. They are
        ended.
        """
        self._closing = True
        over, _ = ray.wait(self._asked, num_returns=1, timeout=_GRACE_SECONDS)
        self._abort()
        self._end()
        for asked in over:
            try:
                ray.get(asked)
            except ray.exceptions.RayTaskError as error:
                cause = error.as_instanceof_cause()  # type: ignore[no-untyped-call]
                return cause if isinstance(cause, Exception) else error
            except ray.exceptions.RayError as error:
                return error
        return None

    def _watch(self) -> None:
        """End this process, which then counts as died, if it does not hear that another is gone."""
        ray.wait(self._asked, num_returns=1, timeout=None)
        for _ in range(int(_GRACE_SECONDS)):
            threading.Event().wait(2.0)
            if self._closing:
                return
        os._exit(1)

    def _abort(self) -> None:
        with suppress(RuntimeError):  # what is left of the group
            self._stack.close()

    def _end(self) -> None:
        self._closing = True
        for actor in self._actors:
            ray.kill(actor)


def _actor(job: Job, bundle: int) -> Any:
    group = get_current_placement_group()
    assert group is not None
    share = group.bundle_specs[bundle]
    strategy = PlacementGroupSchedulingStrategy(group, bundle)
    resources = {"num_cpus": share.get("CPU", 0.0), "num_gpus": share.get("GPU", 0.0)}
    return ray.remote(Rank).options(scheduling_strategy=strategy, **resources).remote()
