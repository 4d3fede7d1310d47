"""Leases: which processes work in a results folder, and on which trials.

A lease is two small files. `leases/ID.json` is the claim: its owner and names. The lease holds
while the claim exists. `leases/ID.beat` is replaced every BEAT seconds; it says that the owner is
alive, which nodes it runs on and whether it is stopping. No clocks are compared: a process on this
machine is looked up, and one elsewhere counts as dead if its beat does not change while the watcher
counts PATIENCE seconds. Deleting the claim takes over a dead owner's lease. An owner that was only
asleep, and its workers, check their claim before they write, and so learn that they have lost it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gensweep.orchestrator.store.damage import Damage
from gensweep.orchestrator.store.errors import LeaseLostError
from gensweep.orchestrator.store.files import read_json
from gensweep.orchestrator.store.inside import listed, not_writable, remove, status
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.names import NAME, is_name
from gensweep.orchestrator.store.process import Process
from gensweep.trainables.shown import short

BEAT = 5.0
PATIENCE = 30.0
_LOOK = 1.0  # seconds between two checks of one's own lease
_MOST = 64 << 20  # bytes, of a claim: it names every trial of a launch
_LONGEST = 500  # characters


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
    return read_claims(store)[0]


def read_claims(store: Store) -> tuple[list[Lease], list[Damage]]:
    """All claims, including those of dead owners, and what is none."""
    found, damaged = [], []
    for path in listed(store.root, store.leases, "*.json"):
        try:
            found.append(_lease(path.stem, read_json(store.root, path, _MOST)))
        except FileNotFoundError:  # it has just been given up
            continue
        except (OSError, ValueError) as error:
            damaged.append(Damage.of(path, error))
    return found, damaged


def read_heartbeat(store: Store, lease_id: str) -> Heartbeat:
    try:
        return _heartbeat(read_json(store.root, store.leases / f"{lease_id}.beat"))
    except (OSError, ValueError):
        return Heartbeat()


def _lease(lease_id: str, content: dict[str, Any]) -> Lease:
    """Raises ValueError for content that no lease has; a newer gensweep may have added to it."""
    owner, names = content.get("owner"), content.get("names")
    if not isinstance(owner, dict):
        raise ValueError("it has no owner")
    if not isinstance(names, list) or not all(is_name(NAME, name) for name in names):
        raise ValueError("what it claims has no names")
    if not is_name(NAME, lease_id):
        raise ValueError("no name of a lease")
    process = Process(
        host=_text(owner, "host"),
        pid=_number(owner, "pid"),
        machine=_text(owner, "machine"),
        start=_text(owner, "start"),
    )
    purpose, since = _text(content, "purpose"), _text(content, "since")
    return Lease(lease_id, purpose, process, since, frozenset(names))


def _heartbeat(content: dict[str, Any]) -> Heartbeat:
    """Raises ValueError for content that no beat has."""
    nodes = content.get("nodes", [])
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise ValueError("no nodes")
    return Heartbeat(
        _number(content, "count", 0),
        content.get("settled", False) is True,
        content.get("stopping", False) is True,
        tuple({"host": _text(n, "host"), "workers": _number(n, "workers")} for n in nodes),
        _number(content, "checkpoints_asked", 0),
    )


def _text(content: dict[str, Any], name: str) -> str:
    """A short line that a person can read."""
    text = content.get(name)
    if isinstance(text, str) and len(text) <= _LONGEST and text.isprintable():
        return text
    raise ValueError(f"{name} is {short(repr(text))}")


def _number(content: dict[str, Any], name: str, default: int | None = None) -> int:
    number = content.get(name, default)
    if type(number) is int and 0 <= number < 1 << 63:
        return number
    raise ValueError(f"{name} is {short(repr(number))}")


def held(leases: Iterable[Lease]) -> list[Lease]:
    """Leases whose owner is alive as far as this machine can tell, which is enough for a reader."""
    return [lease for lease in leases if lease.owner.alive() is not False]


def stands(store: Store, lease_id: str) -> bool:
    """Whether the claim still exists. Raises OSError if that is unknown."""
    try:
        status(store.root, store.leases / f"{lease_id}.json")
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
        "the lease of this launch is gone: another one took over, because this one seemed dead, or "
        "it was deleted",
        todo="let the other finish, or launch again",
    )


def revoke(store: Store, lease_id: str) -> None:
    """End a lease; the claim is deleted first."""
    for kind in ("json", "beat"):
        remove(store.root, store.leases / f"{lease_id}.{kind}")


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
