"""A snapshot is one moment of a folder, whatever state its files are in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store import snapshot
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.flatten import flatten
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import Manifest
from gensweep.orchestrator.store.schemas import LIVE, SWEEP
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]


def test_an_empty_folder_has_no_trials(store: Store) -> None:
    empty = take_snapshot(store)
    assert (empty.live.num_rows, empty.sweeps.num_rows) == (0, 0)
    assert empty.live.schema.equals(LIVE)
    assert empty.sweeps.schema.equals(SWEEP)
    assert empty.manifest == Manifest()
    assert (list(empty.leases), list(empty.damaged)) == ([], [])


def test_a_file_that_cannot_be_opened_is_named(store: Store, write: Write) -> None:
    trial = write(store, 1)
    store.live_file("00000000beef").mkdir()
    seen = take_snapshot(store)
    assert seen.live["trial_id"].to_pylist() == [trial.trial_id]
    assert [d.path for d in seen.damaged] == [store.live_file("00000000beef")]


def test_files_that_are_being_written_are_not_looked_at(store: Store, write: Write) -> None:
    trial = write(store, 1)
    half = store.live_file(trial.trial_id).read_bytes()[:100]
    (store.live / f".{trial.trial_id}.parquet.1.2.tmp").write_bytes(half)
    seen = take_snapshot(store)
    assert seen.live.num_rows == 1
    assert list(seen.damaged) == []


def test_a_file_with_a_name_that_nobody_gave_a_column_is_damaged(
    store: Store, write: Write
) -> None:
    """A NULL in its place would be a wrong answer."""
    path = store.live_file(write(store, 1).trial_id)
    names = ["stetus" if name == "status" else name for name in LIVE.names]
    publish_table(store.root, path, pq.read_table(path).rename_columns(names))
    seen = take_snapshot(store)
    assert seen.live.num_rows == 0
    assert "unknown columns 'stetus'" in str(seen.damaged[0])


def test_a_column_that_only_a_newer_gensweep_knows_is_left_out(store: Store, write: Write) -> None:
    path = store.live_file(write(store, 1).trial_id)
    publish_table(store.root, path, pq.read_table(path).append_column("new", [[1]]))
    seen = take_snapshot(store)
    assert seen.live.schema.equals(LIVE)
    assert (seen.live.num_rows, list(seen.damaged)) == (1, [])


def test_a_column_that_an_older_file_lacks_is_null(store: Store, write: Write) -> None:
    trial = write(store, 1)
    path = store.live_file(trial.trial_id)
    old = pq.read_table(path)
    publish_table(store.root, path, old.drop_columns(["versions", "step_rows"]))
    seen = take_snapshot(store)
    assert seen.live.schema.equals(LIVE)
    assert seen.live["versions"].to_pylist() == [None]
    assert seen.live["epoch_rows"].to_pylist() == old["epoch_rows"].to_pylist()
    assert flatten(seen.live)["steps"].num_rows == 0


def test_who_is_at_work_on_what_shows_for_as_long_as_it_lasts(store: Store) -> None:
    assert take_snapshot(store).claimed == frozenset()
    with (
        claim_trials(store, "launch of made", ["a", "b"]),
        claim_trials(store, "launch of other", ["c"]),
    ):
        seen = take_snapshot(store)
    assert seen.claimed == {"a", "b", "c"}
    assert {lease.purpose for lease in seen.leases} == {"launch of made", "launch of other"}
    assert list(take_snapshot(store).leases) == []


def test_a_folder_that_was_compacted_meanwhile_is_read_again(
    store: Store, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a second look, once the generation has changed, finds the trial."""
    trial = write(store, 1)
    manifests = iter([Manifest(0), Manifest(1), Manifest(1), Manifest(1)])
    shutil.move(store.live_file(trial.trial_id), store.root / "hidden")

    def next_manifest(_: Store) -> tuple[Manifest, list[Any]]:
        manifest = next(manifests)
        if manifest.generation == 1 and (store.root / "hidden").exists():
            os.replace(store.root / "hidden", store.live_file(trial.trial_id))
        return manifest, []

    monkeypatch.setattr(snapshot, "read_manifest", next_manifest)
    seen = take_snapshot(store)
    assert seen.manifest.generation == 1
    assert seen.live["trial_id"].to_pylist() == [trial.trial_id]


def test_a_folder_that_never_comes_to_rest_is_a_store_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    generations = count()
    monkeypatch.setattr(snapshot, "read_manifest", lambda _: (Manifest(next(generations)), []))
    with pytest.raises(StoreError, match="compacted without end; try again"):
        take_snapshot(store)


def test_reading_loads_no_large_library_that_it_does_not_need(filled: Store) -> None:
    code = (
        "import sys; from gensweep.orchestrator.store.layout import Store; "
        "from gensweep.orchestrator.store.snapshot import take_snapshot; "
        f"assert not take_snapshot(Store.open({str(filled.root)!r})).damaged; "
        "sys.exit(' '.join({'pandas', 'pyarrow.compute', 'torch', 'ray'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
