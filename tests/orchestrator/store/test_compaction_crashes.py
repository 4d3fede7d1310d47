"""A compaction that ends at any point has changed nothing, and the next one goes on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from gensweep.orchestrator.store import inside
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import read_manifest
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
Rows = Callable[[Store], dict[str, list[dict[str, Any]]]]


@pytest.fixture
def filled(store: Store, write: Write) -> Store:
    """Two trials compacted, one of them run again, one more done, and one running."""
    write(store, 1, "failed", epochs=3)
    write(store, 2)
    compact(store)
    write(store, 1, "done", epochs=1, attempt=2)
    write(store, 3)
    write(store, 4, "running")
    return store


def test_a_kill_at_any_point_changes_nothing_and_the_next_compaction_goes_on(
    filled: Store, rows: Rows, crashes: Callable[[Store, str], list[Store]]
) -> None:
    before = rows(filled)
    known = statuses(take_snapshot(filled))
    generations = []
    for store in crashes(filled, "compact"):
        generations.append(read_manifest(store)[0].generation)
        assert rows(store) == before
        snapshot = take_snapshot(store, verify=True)
        assert (list(snapshot.damaged), statuses(snapshot)) == ([], known)
        assert list(snapshot.leases) == []

        compact(store)
        assert rows(store) == before
        assert len(list(store.live.iterdir())) == 1
        assert not store.quarantine.exists()
    assert generations == sorted(generations)
    assert set(generations) == {1, 2}
    assert len(generations) > 15


def test_a_kill_at_any_point_of_the_very_first_compaction_changes_nothing_either(
    store: Store, write: Write, rows: Rows, crashes: Callable[[Store, str], list[Store]]
) -> None:
    for seed, status in enumerate(["done", "failed", "running"]):
        write(store, seed, status)
    before = rows(store)
    for left in crashes(store, "compact"):
        assert rows(left) == before
        compact(left)
        assert rows(left) == before
        assert len(list(left.live.iterdir())) == 1


@pytest.mark.parametrize("table", ["trials", "epochs", "steps"])
def test_a_full_disk_changes_nothing_and_leaves_no_half_table(
    filled: Store, rows: Rows, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    before = rows(filled)
    replace = os.replace

    def full(source: str, target: str, **folders: int) -> None:
        if target.endswith(f"-{table}.parquet"):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target, **folders)

    monkeypatch.setattr(inside.os, "replace", full)
    with pytest.raises(StoreError, match=f"{table}.parquet: cannot be written .No space left"):
        compact(filled)
    monkeypatch.undo()
    assert rows(filled) == before
    assert not list(filled.root.rglob(".*"))
    compact(filled)
    assert rows(filled) == before


def test_what_a_kill_left_behind_is_swept_up(filled: Store, rows: Rows) -> None:
    before = rows(filled)
    names = ["000000-steps.parquet", "000002-trials.parquet", "000003-epochs.parquet"]
    for name in names:
        (filled.tables / name).write_bytes(b"published, but never put in force")
    (filled.tables / "notes.txt").write_text("of the user")
    assert rows(filled) == before
    compact(filled)
    assert rows(filled) == before
    left = {path.name for path in filled.tables.iterdir()}
    assert not left & set(names)
    assert "notes.txt" in left
    assert not filled.quarantine.exists()
