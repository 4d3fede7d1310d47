"""Leases: which processes work in a results folder, and on which trials.

A lease is two small files. `leases/ID.json` is the claim: its owner and names. The lease holds
while the claim exists. `leases/ID.beat` is replaced every BEAT seconds; it says that the owner is
alive, which nodes it runs on and whether it is stopping. No clocks are compared: a process on this
machine is looked up, and one elsewhere counts as dead if its beat does not change while the watcher
counts PATIENCE seconds. Deleting the claim takes over a dead owner's lease. An owner that was only
asleep, and its workers, check their claim before they write, and so learn that they have lost it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gensweep.orchestrator.store.errors import LeaseLostError
from gensweep.orchestrator.store.files import listing, not_writable
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.process import Process

BEAT = 5.0
PATIENCE = 30.0
_LOOK = 1.0  # seconds between two checks of one's own lease


@dataclass(frozen=True)
class Lease:
    """A claim by one process on names: trial ids, or `compaction`."""

    id: str
    purpose: str
    owner: Process
    since: str
    names: frozenset[str]

    def __str__(self) -> str:
        return f"{self.purpose} by {self.owner} since {self.since}"


@dataclass(frozen=True)
class Heartbeat:
    """An owner's sign of life.

    settled:  whether it has all the names it will get; before that it may still give names up.
    stopping: whether it asks its workers to stop.
    checkpoints_asked: how often it has asked them to save their trials and go on.
    nodes:    the nodes it runs on: for each its `host` and how many workers fit there (`workers`).
    """

    count: int = 0
    settled: bool = False
    stopping: bool = False
    nodes: Sequence[dict[str, Any]] = ()
    checkpoints_asked: int = 0


def read_leases(store: Store) -> list[Lease]:
    """All claims, including those of dead owners. Incomplete or damaged ones claim nothing."""
    found = []
    for path in listing(store.leases, "*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = json.loads(path.read_bytes())
            owner = Process(**content["owner"])
            names = frozenset(content["names"])
            found.append(Lease(path.stem, content["purpose"], owner, content["since"], names))
    return found


def read_heartbeat(store: Store, lease_id: str) -> Heartbeat:
    try:
        return Heartbeat(**json.loads((store.leases / f"{lease_id}.beat").read_bytes()))
    except (OSError, ValueError, TypeError):
        return Heartbeat()


def held(leases: Iterable[Lease]) -> list[Lease]:
    """Leases whose owner is alive as far as this machine can tell, which is enough for a reader."""
    return [lease for lease in leases if lease.owner.alive() is not False]


def stands(store: Store, lease_id: str) -> bool:
    """Whether the claim still exists. Raises OSError if that is unknown."""
    try:
        (store.leases / f"{lease_id}.json").stat()
    except FileNotFoundError:
        return False
    return True


def lease_lost(store: Store) -> LeaseLostError:
    """The error for a claim that no longer exists, with the reason."""
    where = str(store.root)
    with suppress(OSError):
        if not store.marker.exists():
            todo = "move it back, or let the next launch begin anew"
            return LeaseLostError(where, "is gone: it was moved or deleted meanwhile", todo=todo)
    return LeaseLostError(
        where,
        "another launch took over, because this one seemed dead",
        todo="let that one finish, or stop it and launch again",
    )


def revoke(store: Store, lease_id: str) -> None:
    """End a lease; the claim is deleted first."""
    for kind in ("json", "beat"):
        path = store.leases / f"{lease_id}.{kind}"
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise not_writable(path, error) from error


class Watch:
    """Tells whether the owners of leases are alive."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, tuple[Heartbeat, float]] = {}
        self._alive: set[str] = set()

    def alive(self, lease: Lease) -> bool | None:
        """None while it is too early to say."""
        known = lease.owner.alive()
        if known is not None:
            return known
        # Reading may take long: the beat was current at some time between `before` and `after`.
        before, beat, after = (
            time.monotonic(),
            read_heartbeat(self._store, lease.id),
            time.monotonic(),
        )
        first, since = self._seen.setdefault(lease.id, (beat, after))
        if beat != first:
            self._alive.add(lease.id)
        if lease.id in self._alive:
            return True
        return False if before - since >= PATIENCE else None


class Guard:
    """A worker's view of its launch's lease."""

    def __init__(self, store: Store, lease_id: str) -> None:
        self._store = store
        self._id = lease_id
        self._looked = float("-inf")
        self._stopping = False
        self._checkpoints_asked = 0

    def check(self) -> None:
        """Raise LeaseLostError if another launch has taken over the lease, and only it may
        write.
        """
        try:
            held = stands(self._store, self._id)
        except OSError as error:
            raise not_writable(self._store.leases, error) from error
        if not held:
            raise lease_lost(self._store)

    def stopping(self) -> bool:
        """Whether the launch asks its workers to stop, or is over. Checked once a second."""
        self._look()
        return self._stopping

    def checkpoints_asked(self) -> int:
        """How often the launch has asked its workers to save their trials and go on."""
        self._look()
        return self._checkpoints_asked

    def _look(self) -> None:
        if self._stopping or time.monotonic() - self._looked < _LOOK:
            return
        self._looked = time.monotonic()
        beat = read_heartbeat(self._store, self._id)
        self._stopping = beat.stopping
        # An unreadable beat counts zero.
        self._checkpoints_asked = max(self._checkpoints_asked, beat.checkpoints_asked)
        with suppress(OSError):  # it may be readable in a second
            self._stopping |= not stands(self._store, self._id)
