"""A claim gets what is free, says who has the rest, and is gone with its block."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.store import claiming, leases
from gensweep.orchestrator.store.claiming import claim_trials, hold
from gensweep.orchestrator.store.errors import StoreBusyError, StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard, Lease, read_heartbeat, read_leases
from gensweep.orchestrator.store.process import Process

HERE = f"process {os.getpid()} on "
Dead = Callable[[Sequence[str]], None]


@pytest.fixture
def dead(store: Store) -> Dead:
    """Leave the lease of a process that was here before this one, and had its id."""

    def leave(names: Sequence[str]) -> None:
        me = Process.current()
        owner = asdict(Process(me.host, me.pid, me.machine, "1"))
        about = {"purpose": "launch", "owner": owner, "since": "then", "names": names}
        (store.leases / "dead.json").write_text(json.dumps(about))

    return leave


def test_what_nobody_has_is_granted_and_shown_to_others(store: Store) -> None:
    with claim_trials(store, "launch of made", ["a", "b"]) as mine:
        assert (mine.names, mine.refused) == ({"a", "b"}, {})
        (lease,) = read_leases(store)
        assert (lease.id, lease.purpose, lease.names) == (mine.id, "launch of made", {"a", "b"})
        assert lease.owner == Process.current()
        assert str(lease).startswith(f"launch of made by {HERE}")
        assert str(lease).endswith(" UTC")


def test_of_an_overlap_the_first_keeps_all_and_the_second_gets_the_rest(store: Store) -> None:
    with (
        claim_trials(store, "one", ["a", "b", "c"]) as one,
        claim_trials(store, "two", ["c", "d", "e"]) as two,
    ):
        assert (one.names, one.refused) == ({"a", "b", "c"}, {})
        assert two.names == {"d", "e"}
        assert {name: lease.id for name, lease in two.refused.items()} == {"c": one.id}
        with claim_trials(store, "three", ["a", "e", "f"]) as three:
            assert three.names == {"f"}
            who = {name: lease.purpose for name, lease in three.refused.items()}
            assert who == {"a": "one", "e": "two"}


def test_a_name_that_is_held_is_refused_and_its_holder_named(store: Store) -> None:
    with hold(store, "merge"):
        with pytest.raises(StoreBusyError) as caught, hold(store, "compaction"):
            pytest.fail("two held the name")
        assert caught.value.where == str(store.root)
        assert f"in use: merge by {HERE}" in str(caught.value)
        assert "UTC" in str(caught.value)
        assert len(read_leases(store)) == 1
    with hold(store, "compaction"):
        pass


def test_nothing_claimed_is_nothing_in_anybodys_way(store: Store) -> None:
    with claim_trials(store, "one", []) as one, claim_trials(store, "two", ["a"]) as two:
        assert (one.names, two.names) == (frozenset(), {"a"})


def test_within_one_process_a_name_has_one_holder_too(store: Store) -> None:
    with claim_trials(store, "one", ["a"]), claim_trials(store, "two", ["a"]) as two:
        assert two.names == frozenset()


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_after_the_block_the_names_are_free_and_nothing_is_left_even_after_an_error(
    store: Store, error: type[BaseException]
) -> None:
    with pytest.raises(error), claim_trials(store, "one", ["a"]):
        raise error
    assert list(store.leases.iterdir()) == []
    with claim_trials(store, "two", ["a"]) as two:
        assert two.names == {"a"}
    assert list(store.leases.iterdir()) == []


def test_what_a_killed_process_had_is_free_at_once(store: Store, dead: Dead) -> None:
    dead(["a", "b"])
    began = time.monotonic()
    with claim_trials(store, "two", ["a", "c"]) as mine:
        assert mine.names == {"a", "c"}
        assert [lease.id for lease in read_leases(store)] == [mine.id]
    assert time.monotonic() - began < 5


def test_the_last_thing_before_a_claim_stands_is_to_look_at_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote before that is seen; whoever writes after it sees this one."""
    events: list[Any] = []
    publish, look = claiming.publish, claiming.read_leases

    def publishing(root: Path, path: Path, content: bytes, **options: Any) -> None:
        publish(root, path, content, **options)
        if path.suffix == ".json":
            events.append(frozenset(json.loads(content)["names"]))

    def looking(store: Store) -> list[Lease]:
        events.append("look")
        return look(store)

    with claim_trials(store, "one", ["a"]):
        monkeypatch.setattr(claiming, "publish", publishing)
        monkeypatch.setattr(claiming, "read_leases", looking)
        with claim_trials(store, "two", ["a", "b"]) as mine:
            assert events[-2:] == [mine.names, "look"]


def test_a_sign_of_life_is_given_for_as_long_as_the_block_lasts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BEAT", 0.01)
    with claim_trials(store, "one", ["a"]) as mine:
        first = read_heartbeat(store, mine.id)
        until = time.monotonic() + 30
        while read_heartbeat(store, mine.id).count < first.count + 3:
            assert time.monotonic() < until
        assert first.settled
    time.sleep(0.05)
    assert list(store.leases.iterdir()) == []


def test_workers_are_asked_to_stop_and_readers_told_the_nodes(store: Store) -> None:
    nodes = ({"host": "a-host", "workers": 4},)
    with claim_trials(store, "one", ["a"]) as mine:
        assert not Guard(store, mine.id).stopping()
        mine.run_on(nodes)
        assert read_heartbeat(store, mine.id).nodes == nodes
        mine.stop()
        assert Guard(store, mine.id).stopping()
        beat = read_heartbeat(store, mine.id)
        assert (beat.settled, beat.stopping, beat.nodes) == (True, True, nodes)


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    store.root.mkdir()
    store.leases.write_text("a file in the way")
    with pytest.raises(StoreError, match="cannot be written"), claim_trials(store, "one", ["a"]):
        pytest.fail("claimed without a file")


def test_a_disk_that_fills_up_in_the_block_changes_nothing_for_who_holds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BEAT", 0.01)
    with claim_trials(store, "one", ["a"]) as mine:

        def full(*given: Any, **options: Any) -> None:
            raise StoreError("a disk", "is full")

        monkeypatch.setattr(claiming, "publish", full)
        time.sleep(0.05)
        assert not mine.lost
    assert list(store.leases.iterdir()) == []
