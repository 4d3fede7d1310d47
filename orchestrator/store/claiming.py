"""Claims trials, so that no trial runs twice at the same time.

The rule needs no conditional writes, only that a listing shows every file written before it, which
POSIX folders and S3 promise: write the claim, *then* look at everybody else's. An owner that sees a
rival's claim on the same name gives the name up. If two owners held a name after looking, each
would have looked before the other wrote, and written before it looked, which is impossible. Two
owners that start at the same instant may both give up, so they retry after a random pause, until
the beat of one says that it has settled.
"""

from __future__ import annotations

import itertools
import json
import random
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from gensweep.orchestrator.store import leases
from gensweep.orchestrator.store.errors import StoreBusyError, StoreError
from gensweep.orchestrator.store.files import publish
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import (
    Heartbeat,
    Lease,
    Watch,
    read_heartbeat,
    read_leases,
    revoke,
    stands,
)
from gensweep.orchestrator.store.process import Process

COMPACTION = "compaction"
_ROUNDS = 20
_PAUSE = 0.2  # minimum seconds, on average, between two attempts


class HeldLease:
    """A lease that this process holds.

    names:   the names that were claimed and granted.
    refused: the leases of other owners, by name.
    """

    def __init__(self, store: Store, purpose: str) -> None:
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        self._store = store
        self._lease = Lease(secrets.token_hex(6), purpose, Process.current(), since, frozenset())
        self._beat = Heartbeat()
        self._writing = threading.Lock()
        self.refused: dict[str, Lease] = {}

    @property
    def id(self) -> str:
        return self._lease.id

    @property
    def names(self) -> frozenset[str]:
        return self._lease.names

    @property
    def lost(self) -> bool:
        """Whether another owner considered this one dead and took over, as far as is known."""
        with suppress(OSError):
            return not stands(self._store, self.id)
        return False

    def claim(self, names: Collection[str]) -> None:
        self._lease = replace(self._lease, names=frozenset(names))
        content = asdict(self._lease) | {"names": sorted(names)}
        del content["id"]
        path = self._store.leases / f"{self.id}.json"
        publish(self._store.root, path, json.dumps(content).encode())

    def beat(self, **changes: Any) -> None:
        """Write a beat, with any changes of the fields of Heartbeat.

        Not once the lease is lost: its folder may have been moved.
        """
        if self._beat.settled and self.lost:
            return
        with self._writing:
            self._beat = replace(self._beat, count=self._beat.count + 1, **changes)
            content = json.dumps(asdict(self._beat)).encode()
            path = self._store.leases / f"{self.id}.beat"
            publish(self._store.root, path, content, durable=False)

    def stop(self) -> None:
        """Ask the workers to stop."""
        self.beat(stopping=True)

    def ask_for_checkpoints(self) -> None:
        """Ask the workers to save their trials and go on."""
        self.beat(checkpoints_asked=self._beat.checkpoints_asked + 1)

    def run_on(self, nodes: Sequence[dict[str, Any]]) -> None:
        """Publish the nodes for readers."""
        if tuple(nodes) != self._beat.nodes:
            self.beat(nodes=tuple(nodes))


@contextmanager
def claim_trials(
    store: Store,
    purpose: str,
    names: Collection[str],
    on_wait: Callable[[Lease], None] = lambda lease: None,
) -> Iterator[HeldLease]:
    """Hold the free ones of the names, until the block ends or this process dies.

    `refused` has those that others hold. `on_wait` is called with a lease on another machine that
    conflicts, because it takes up to PATIENCE seconds to tell whether its owner is alive.
    """
    mine = HeldLease(store, purpose)
    ended = threading.Event()
    pulse = threading.Thread(target=_keep_beating, args=(mine, ended), daemon=True)
    try:
        mine.beat()
        pulse.start()
        _settle(store, mine, frozenset(names), on_wait)
        mine.beat(settled=True)
        yield mine
    finally:
        ended.set()
        if pulse.ident is not None:
            pulse.join()
        with suppress(OSError, StoreError):  # the store is still unreachable
            revoke(store, mine.id)


@contextmanager
def hold(store: Store, purpose: str, name: str = COMPACTION) -> Iterator[HeldLease]:
    """Hold one name. Raises StoreBusyError, saying who has it, if it is taken."""
    with claim_trials(store, purpose, [name]) as mine:
        for lease in mine.refused.values():
            raise StoreBusyError(
                str(store.root), f"in use: {lease}", todo="wait for it, or stop it"
            )
        yield mine


def _keep_beating(mine: HeldLease, ended: threading.Event) -> None:
    while not ended.wait(leases.BEAT):
        with suppress(StoreError):  # the next beat may succeed
            mine.beat()


def _settle(
    store: Store, mine: HeldLease, wanted: frozenset[str], on_wait: Callable[[Lease], None]
) -> None:
    """Claim, look and give way, until no name is in dispute."""
    watch, waited_for = Watch(store), set[str]()
    for tries in itertools.count(1):
        began = time.monotonic()
        mine.claim(wanted)
        rivals = [r for r in read_leases(store) if r.id != mine.id and r.names & wanted]
        taken = {name: rival for rival in rivals for name in rival.names & wanted}
        if not taken:
            return
        mine.claim(wanted - taken.keys())
        alive = {rival: watch.alive(rival) for rival in rivals}
        for rival, answer in alive.items():
            if answer is False:
                revoke(store, rival.id)
            if answer is None and rival.id not in waited_for:
                waited_for.add(rival.id)
                on_wait(rival)
        patient = tries < _ROUNDS
        if all(alive[r] and (read_heartbeat(store, r.id).settled or not patient) for r in rivals):
            # Look once more after the last write of the claim: a rival's listing may miss a file
            # that is being replaced at that moment.
            mine.refused |= taken
            wanted -= taken.keys()
            continue
        # Longer if an attempt takes long, as on S3, or the rivals would keep colliding.
        pause = max(_PAUSE, 2.0 * (time.monotonic() - began))
        time.sleep(random.uniform(0.0, 2.0) * pause)  # noqa: S311
