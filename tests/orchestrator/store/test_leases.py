"""A lease says who works on what, and whether its owner lives, whatever any clock says."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.store import leases
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.errors import LeaseLostError, StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import (
    Guard,
    Watch,
    held,
    read_heartbeat,
    read_leases,
    revoke,
)
from gensweep.orchestrator.store.process import Process
from gensweep.orchestrator.store.snapshot import take_snapshot

ELSEWHERE = Process("b-host", 4711, "another boot", "1")
Lay = Callable[..., None]


@pytest.fixture
def lay(store: Store) -> Lay:
    """Write a lease's two files, as an owner elsewhere would."""

    def write(
        owner: Process = ELSEWHERE, names: Sequence[str] = ("a",), count: int | None = 1
    ) -> None:
        about = {"purpose": "launch", "owner": asdict(owner), "since": "then", "names": names}
        (store.leases / "x.json").write_text(json.dumps(about))
        if count is not None:
            (store.leases / "x.beat").write_text(json.dumps({"count": count, "settled": True}))

    return write


class Clock:
    """time.monotonic, which goes on only when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(leases.time, "monotonic", made)
    return made


def test_an_owner_elsewhere_is_dead_when_its_beat_has_stood_still_for_long_enough(
    store: Store, lay: Lay, clock: Clock
) -> None:
    lay()
    watch, (lease,) = Watch(store), read_leases(store)
    for passed in (0.0, leases.PATIENCE / 2, leases.PATIENCE - 0.1):
        clock.now = 1000.0 + passed
        assert watch.alive(lease) is None
    clock.now = 1000.0 + leases.PATIENCE
    assert watch.alive(lease) is False


@pytest.mark.parametrize("first", [1, None])
def test_an_owner_elsewhere_whose_beat_changes_lives(
    store: Store, lay: Lay, clock: Clock, first: int | None
) -> None:
    lay(count=first)
    watch, (lease,) = Watch(store), read_leases(store)
    assert watch.alive(lease) is None
    clock.now += leases.PATIENCE - 0.1
    lay(count=2)
    assert watch.alive(lease) is True
    clock.now += 2 * leases.PATIENCE
    assert watch.alive(lease) is True


@pytest.mark.parametrize("age", [-1e9, 0, 1e9])
def test_no_clock_of_any_machine_or_file_decides(
    store: Store, lay: Lay, clock: Clock, monkeypatch: pytest.MonkeyPatch, age: float
) -> None:
    lay()
    now = time.time()
    for path in store.leases.iterdir():
        os.utime(path, (now - age, now - age))
    watch, (lease,) = Watch(store), read_leases(store)
    assert watch.alive(lease) is None
    monkeypatch.setattr(leases.time, "time", lambda: now + 1e6)
    assert watch.alive(lease) is None
    clock.now += leases.PATIENCE
    assert watch.alive(lease) is False


@pytest.mark.parametrize("suspended", ["before", "after"])
def test_a_watcher_that_was_asleep_itself_does_not_take_others_for_dead(
    store: Store, lay: Lay, clock: Clock, monkeypatch: pytest.MonkeyPatch, suspended: str
) -> None:
    """However long a look takes, it shows no more than what was there in one moment."""
    lay()
    watch, (lease,) = Watch(store), read_leases(store)
    read = leases.read_heartbeat

    def sleepy(*given: Any) -> Any:
        clock.now += 10 * leases.PATIENCE if suspended == "before" else 0
        beat = read(*given)
        clock.now += 10 * leases.PATIENCE if suspended == "after" else 0
        return beat

    monkeypatch.setattr(leases, "read_heartbeat", sleepy)
    assert [watch.alive(lease), watch.alive(lease)] == [None, None]
    lay(count=2)
    assert watch.alive(lease) is True


def test_an_owner_on_this_machine_is_looked_up_at_once(store: Store, lay: Lay) -> None:
    for owner, alive in ((Process.current(), True), (Process.current(), False)):
        lay(owner if alive else Process(owner.host, owner.pid, owner.machine, "1"))
        (lease,) = read_leases(store)
        assert Watch(store).alive(lease) is alive
        assert held([lease]) == ([lease] if alive else [])


def test_a_reader_takes_the_word_of_an_owner_elsewhere(store: Store, lay: Lay) -> None:
    lay(names=["a", "b"])
    assert take_snapshot(store).claimed == {"a", "b"}


WHOLE = {"purpose": "launch", "owner": asdict(ELSEWHERE), "since": "then", "names": ["a"]}
LACKING = [json.dumps({k: v for k, v in WHOLE.items() if k != name}) for name in WHOLE]
WRONG = [json.dumps(WHOLE | change) for change in ({"owner": 1}, {"owner": {}}, {"names": [{}]})]
TORN = ["", "{", json.dumps(WHOLE)[:-9], "7", "null", "[]", "\x00" * 80, "ü"]


@pytest.mark.parametrize("content", [*LACKING, *WRONG, *TORN])
def test_a_damaged_lease_claims_nothing_and_hinders_nobody(store: Store, content: str) -> None:
    for name in ("x.json", "x.beat"):
        (store.leases / name).write_bytes(content.encode("latin-1"))
    assert read_leases(store) == []
    assert read_heartbeat(store, "x") == leases.Heartbeat()
    with claim_trials(store, "launch", ["a"]) as mine:
        assert mine.names == {"a"}


def test_a_lease_without_a_beat_or_a_beat_without_a_lease_is_no_mistake(
    store: Store, lay: Lay
) -> None:
    lay(count=None)
    assert [lease.names for lease in read_leases(store)] == [{"a"}]
    (store.leases / "x.json").rename(store.leases / ".x.json.1.2.tmp")
    (store.leases / "y.beat").write_text('{"count": 1}')
    assert read_leases(store) == []


def test_who_works_under_a_lease_learns_that_it_was_taken_over(store: Store, lay: Lay) -> None:
    lay()
    guard = Guard(store, "x")
    guard.check()
    assert not guard.stopping()
    revoke(store, "x")
    with pytest.raises(LeaseLostError, match=r"another one took over, .* or it was deleted"):
        guard.check()
    assert Guard(store, "x").stopping()


def test_a_request_to_stop_is_noticed_within_a_second_and_not_looked_for_more_often(
    store: Store, lay: Lay, clock: Clock
) -> None:
    lay()
    guard = Guard(store, "x")
    assert not guard.stopping()
    (store.leases / "x.beat").write_text('{"count": 2, "stopping": true}')
    clock.now += 0.9
    assert not guard.stopping()
    clock.now += 0.1
    assert guard.stopping()
    (store.leases / "x.beat").unlink()
    clock.now += 5
    assert guard.stopping()  # once is for good


def test_a_lease_that_cannot_be_looked_at_is_not_lost(
    store: Store, lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing may be written either, as it may be."""
    lay()
    guard = Guard(store, "x")

    def refuse(root: Path, path: Path) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(leases, "status", refuse)
    assert not guard.stopping()
    with pytest.raises(StoreError, match="Permission denied") as caught:
        guard.check()
    assert not isinstance(caught.value, LeaseLostError)
