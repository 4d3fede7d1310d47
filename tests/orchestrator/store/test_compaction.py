"""Compaction changes where rows are, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store import generations, row_files
from gensweep.orchestrator.store.claiming import hold
from gensweep.orchestrator.store.compaction import Compaction, compact
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import Manifest, read_manifest
from gensweep.orchestrator.store.schemas import TABLES
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
Rows = Callable[[Store], dict[str, list[dict[str, Any]]]]


def test_every_row_of_all_tables_is_the_same_before_and_after(
    store: Store, write: Write, rows: Rows
) -> None:
    for seed, status in enumerate(["done", "failed", "diverged", "interrupted", "running"]):
        write(store, seed, status, epochs=seed)
    before = rows(store)
    assert len(before["trials"]) == 5
    assert len(before["epochs"]) == len(before["steps"]) == 0 + 1 + 2 + 3 + 4
    assert compact(store).trials == 3
    assert rows(store) == before


def test_only_trials_that_have_ended_for_good_are_taken_in(store: Store, write: Write) -> None:
    over = {write(store, n, s).trial_id for n, s in enumerate(["done", "failed", "diverged"])}
    open_ = {write(store, n, s).trial_id for n, s in enumerate(["interrupted", "running"], 3)}
    compact(store)
    assert {path.stem for path in store.live.iterdir()} == open_
    (file,) = read_manifest(store)[0].paths(store, "trials")
    assert set(pq.read_table(file)["trial_id"].to_pylist()) == over


def test_the_count_of_files_is_told(store: Store, write: Write) -> None:
    for seed in range(5):
        write(store, seed)
    assert compact(store) == Compaction(trials=5, files_before=5, files_after=3)


def test_generations_count_up_and_the_last_but_one_stays_for_its_readers(
    store: Store, write: Write
) -> None:
    manifests = [read_manifest(store)[0]]
    for seed in range(4):
        write(store, seed)
        compact(store)
        manifests.append(read_manifest(store)[0])
    assert [m.generation for m in manifests] == [0, 1, 2, 3, 4]
    named = [{name for names in m.files.values() for name in names} for m in manifests]
    copies = {"000003-manifest.json", "000004-manifest.json"}
    assert {path.name for path in store.tables.iterdir()} == named[3] | named[4] | copies


def test_the_copy_of_a_manifest_is_the_same_byte_for_byte(store: Store, write: Write) -> None:
    for seed in range(3):
        write(store, seed)
        compact(store)
        copy = store.tables / f"{seed + 1:06d}-manifest.json"
        assert copy.read_bytes() == store.manifest.read_bytes()


def test_compacting_twice_is_compacting_once(store: Store, write: Write, rows: Rows) -> None:
    write(store, 1)
    write(store, 2, "running")
    compact(store)
    before = {p: p.stat().st_mtime_ns for p in store.root.rglob("*") if p.is_file()}
    content = rows(store)
    assert compact(store).trials == 0
    after = {p: p.stat().st_mtime_ns for p in store.root.rglob("*") if p.is_file()}
    assert after == before
    assert rows(store) == content


def test_an_empty_folder_stays_empty(store: Store) -> None:
    assert compact(store) == Compaction(0, 0, 0)
    assert read_manifest(store) == (Manifest(), [])


def test_a_trial_that_is_run_again_supersedes_its_old_rows(
    store: Store, write: Write, rows: Rows
) -> None:
    trial = write(store, 1, "failed", epochs=3)
    other = write(store, 2)
    compact(store)
    write(store, 1, "done", epochs=1, attempt=2)
    expected = rows(store)
    assert [r["train_loss"] for r in expected["epochs"] if r["trial_id"] == trial.trial_id] == [2.1]
    compact(store)
    assert rows(store) == expected
    (file,) = read_manifest(store)[0].paths(store, "trials")
    found = {r["trial_id"]: r["attempts"] for r in pq.read_table(file).to_pylist()}
    assert found == {trial.trial_id: 2, other.trial_id: 1}


def test_a_trial_that_starts_again_meanwhile_keeps_its_own_file(
    store: Store, write: Write, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = write(store, 1, "failed", epochs=3)
    publish = generations.write_manifest

    def restart_and_publish(*arguments: Any) -> None:
        write(store, 1, "running", epochs=1, attempt=2)
        publish(*arguments)

    monkeypatch.setattr(generations, "write_manifest", restart_and_publish)
    compact(store)
    assert store.live_file(trial.trial_id).exists()
    (row,) = rows(store)["trials"]
    assert (row["status"], row["attempts"]) == ("running", 2)
    assert [r["train_loss"] for r in rows(store)["epochs"]] == [2.1]


def test_tables_have_their_schemas_and_row_groups_of_the_size_asked_for(
    store: Store, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_files, "ROW_GROUP", 10)
    for seed in range(9):
        write(store, seed, epochs=5)
        if seed < 3:  # the first time four at once, then one by one
            continue
        compact(store)
        for name, schema in TABLES.items():
            rows = 0
            for path in read_manifest(store)[0].paths(store, name):
                file = pq.ParquetFile(path)
                assert file.schema_arrow.equals(schema)
                sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
                assert max(sizes) <= 10
                assert len(sizes) < sum(sizes) / 10 + 2
                rows += sum(sizes)
            assert rows == {"trials": 1, "epochs": 5, "steps": 5}[name] * (seed + 1)


def test_a_damaged_file_stays_where_it_is_and_hinders_nothing(store: Store, write: Write) -> None:
    bad, good = write(store, 1), write(store, 2)
    store.live_file(bad.trial_id).write_bytes(b"nothing")
    assert compact(store).trials == 1
    assert [p.stem for p in store.live.iterdir()] == [bad.trial_id]
    assert len(take_snapshot(store).damaged) == 1
    assert not store.live_file(good.trial_id).exists()


def test_only_one_compacts_at_a_time(store: Store, write: Write) -> None:
    write(store, 1)
    with (
        hold(store, "merge"),
        pytest.raises(StoreError, match=f"in use: merge by process {os.getpid()}"),
    ):
        compact(store)
    assert compact(store).trials == 1
