"""A snapshot is one moment of a folder, whatever state its files are in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import count

import pyarrow.parquet as pq
import pytest

from orchestrator.store import snapshot
from orchestrator.store.errors import StoreError
from orchestrator.store.files import publish_table
from orchestrator.store.flatten import flatten
from orchestrator.store.layout import Store
from orchestrator.store.lock import hold
from orchestrator.store.manifest import Manifest
from orchestrator.store.rows import sweep_rows
from orchestrator.store.schemas import LIVE, SWEEP
from orchestrator.store.snapshot import launch_lock, take_snapshot
from trainables.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]


def test_an_empty_folder_has_no_trials(store: Store) -> None:
    empty = take_snapshot(store)
    assert (empty.live.num_rows, empty.sweeps.num_rows) == (0, 0)
    assert empty.live.schema.equals(LIVE)
    assert empty.sweeps.schema.equals(SWEEP)
    assert empty.manifest == Manifest()
    assert list(empty.unreadable) == []


@pytest.mark.parametrize("damage", ["", "cut", "text"])
def test_a_damaged_file_is_named_and_the_rest_stays_readable(
    store: Store, write: Write, damage: str
) -> None:
    good, bad = write(store, 1), write(store, 2)
    path = store.live_file(bad.trial_id)
    contents = {"": b"", "cut": path.read_bytes()[:-9], "text": b"PAR1 this is no Parquet"}
    path.write_bytes(contents[damage])
    seen = take_snapshot(store)
    assert seen.live["trial_id"].to_pylist() == [good.trial_id]
    (complaint,) = seen.unreadable
    assert complaint.startswith(f"{path}: ")


def test_a_damaged_sweep_is_named_and_the_others_stay_readable(store: Store) -> None:
    trial = ClassifierTrial(model="mlp_1x512")
    publish_table(store.sweep_file("good"), sweep_rows("good", [(trial, ())]))
    store.sweep_file("bad").write_bytes(b"nothing")
    seen = take_snapshot(store)
    assert seen.sweeps["sweep"].to_pylist() == ["good"]
    assert [u.split(":")[0] for u in seen.unreadable] == [str(store.sweep_file("bad"))]


def test_a_file_that_cannot_be_opened_is_named(store: Store, write: Write) -> None:
    trial = write(store, 1)
    store.live_file("00000000beef").mkdir()
    seen = take_snapshot(store)
    assert seen.live["trial_id"].to_pylist() == [trial.trial_id]
    assert "00000000beef" in seen.unreadable[0]


def test_files_that_are_being_written_are_not_looked_at(store: Store, write: Write) -> None:
    trial = write(store, 1)
    half = store.live_file(trial.trial_id).read_bytes()[:100]
    (store.live / f".{trial.trial_id}.parquet.1.2.tmp").write_bytes(half)
    seen = take_snapshot(store)
    assert seen.live.num_rows == 1
    assert list(seen.unreadable) == []


def test_a_column_that_an_older_file_lacks_is_null(store: Store, write: Write) -> None:
    trial = write(store, 1)
    path = store.live_file(trial.trial_id)
    old = pq.read_table(path)
    publish_table(path, old.drop_columns(["versions", "step_rows"]))
    seen = take_snapshot(store)
    assert seen.live.schema.equals(LIVE)
    assert seen.live["versions"].to_pylist() == [None]
    assert seen.live["epoch_rows"].to_pylist() == old["epoch_rows"].to_pylist()
    assert flatten(seen.live)["steps"].num_rows == 0


def test_a_launch_shows_for_as_long_as_it_lasts(store: Store) -> None:
    assert not take_snapshot(store).launching
    with hold(launch_lock(store), "launch"):
        assert take_snapshot(store).launching
    assert not take_snapshot(store).launching


def test_a_folder_that_was_compacted_meanwhile_is_read_again(
    store: Store, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a second look, once the generation has changed, finds the trial."""
    trial = write(store, 1)
    manifests = iter([Manifest(0), Manifest(1), Manifest(1), Manifest(1)])
    shutil.move(store.live_file(trial.trial_id), store.root / "hidden")

    def next_manifest(_: Store) -> Manifest:
        manifest = next(manifests)
        if manifest.generation == 1 and (store.root / "hidden").exists():
            os.replace(store.root / "hidden", store.live_file(trial.trial_id))
        return manifest

    monkeypatch.setattr(snapshot, "read_manifest", next_manifest)
    seen = take_snapshot(store)
    assert seen.manifest.generation == 1
    assert seen.live["trial_id"].to_pylist() == [trial.trial_id]


def test_a_folder_that_never_comes_to_rest_is_a_store_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    generations = count()
    monkeypatch.setattr(snapshot, "read_manifest", lambda _: Manifest(next(generations)))
    with pytest.raises(StoreError, match="compacted without end; try again"):
        take_snapshot(store)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"generation": 1}', '{"files": {}}'])
def test_a_damaged_manifest_is_a_store_error(store: Store, content: str) -> None:
    store.manifest.write_text(content)
    with pytest.raises(StoreError, match="cannot be read") as caught:
        take_snapshot(store)
    assert caught.value.where == str(store.manifest)
