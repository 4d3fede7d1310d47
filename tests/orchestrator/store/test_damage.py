"""A damaged file is named and left out; it never hides another one, and is never copied."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.damage import Damage, set_aside
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import read_manifest
from gensweep.orchestrator.store.merging import merge
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.snapshot import Snapshot, take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.classifier.trial import ClassifierTrial

KINDS = ("truncated", "zeroed", "empty", "garbage")
Strike = Callable[[Path, str], None]
PARTS = {"000001": {1, 2, 3, 4, 5}, "000002": {6, 7}}
LIVE = {8, 9}


def seeds(snapshot: Snapshot) -> set[int]:
    """Of the trials that a snapshot has all rows of."""
    files = {t: snapshot.manifest.paths(snapshot.store, t) for t in ("trials", "epochs", "steps")}
    tables = {t: [pq.read_table(path) for path in paths] for t, paths in files.items()}
    ids = [{i for r in rows for i in r["trial_id"].to_pylist()} for rows in tables.values()]
    assert ids[0] == ids[1] == ids[2]
    found = [seed for rows in tables["trials"] for seed in rows["seed"].to_pylist()]
    return {*found, *snapshot.live["seed"].to_pylist()}


def live_file(store: Store, seed: int) -> Path:
    trial = ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed)
    return Path(str(store.live_file(trial.trial_id)))


@pytest.mark.parametrize("kind", [*KINDS, "page", "bit"])
def test_a_damaged_trial_is_named_and_the_others_stay_readable(
    filled: Store, damage: Strike, kind: str
) -> None:
    damage(live_file(filled, 8), kind)
    seen = take_snapshot(filled)
    assert [str(d).split(": ")[0] for d in seen.damaged] == [str(live_file(filled, 8))]
    assert seeds(seen) == {1, 2, 3, 4, 5, 6, 7, 9}
    assert len(statuses(seen)) == 8


@pytest.mark.parametrize("kind", [*KINDS, "page", "bit"])
def test_a_damaged_sweep_is_named_and_the_others_stay_readable(
    filled: Store, damage: Strike, kind: str
) -> None:
    damage(filled.sweeps / "sweep_1.parquet", kind)
    seen = take_snapshot(filled)
    assert [d.path for d in seen.damaged] == [filled.sweep_file("sweep_1")]
    assert set(seen.sweeps["sweep"].to_pylist()) == {"sweep_6"}
    assert len(statuses(seen)) == 9


@pytest.mark.parametrize("kind", [*KINDS, "page", "bit", "deleted"])
@pytest.mark.parametrize("table", ["trials", "epochs", "steps"])
@pytest.mark.parametrize("part", PARTS)
def test_of_a_part_with_a_damaged_table_nothing_is_read_and_of_others_all(
    filled: Store, damage: Strike, part: str, table: str, kind: str
) -> None:
    """A trial without its epochs would be a wrong answer."""
    path = filled.tables / f"{part}-{table}.parquet"
    damage(path, kind)
    seen = take_snapshot(filled, verify=kind in ("page", "bit"))
    assert [(d.path, d.part) for d in seen.damaged] == [(path, part)]
    assert seeds(seen) == {1, 2, 3, 4, 5, 6, 7, 8, 9} - PARTS[part]
    assert len(statuses(seen)) == 9 - len(PARTS[part])


@pytest.mark.parametrize("kind", [*KINDS, "deleted"])
def test_a_damaged_manifest_loses_nothing_as_there_is_a_copy(
    filled: Store, damage: Strike, kind: str
) -> None:
    expected = take_snapshot(filled).manifest
    damage(filled.manifest, kind)
    seen = take_snapshot(filled)
    assert seen.manifest == expected
    assert [d.path for d in seen.damaged] == ([] if kind == "deleted" else [filled.manifest])
    assert seeds(seen) == {*range(1, 10)}


def test_no_change_of_a_bit_in_the_manifest_changes_what_is_read(filled: Store) -> None:
    expected, content = read_manifest(filled)[0], filled.manifest.read_bytes()
    for i in range(len(content)):
        changed = bytes([content[i] ^ 1 << i % 7])
        filled.manifest.write_bytes(content[:i] + changed + content[i + 1 :])
        assert read_manifest(filled)[0] == expected, i


def test_a_manifest_without_a_digest_is_one_of_an_older_gensweep(filled: Store) -> None:
    expected, content = read_manifest(filled)[0], json.loads(filled.manifest.read_text())
    del content["digest"]
    filled.manifest.write_text(json.dumps(content))
    assert read_manifest(filled) == (expected, [])


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"generation": 1}', '{"files": {}}'])
def test_where_every_manifest_is_damaged_each_is_named(filled: Store, content: str) -> None:
    paths = [filled.manifest, *filled.tables.glob("*.json")]
    assert len(paths) == 3
    for path in paths:
        path.write_text(content)
    seen = take_snapshot(filled)
    assert {d.path for d in seen.damaged} == set(paths)
    assert seeds(seen) == LIVE


@pytest.mark.parametrize("kind", ["page", "bit"])
@pytest.mark.parametrize("table", ["epochs", "steps"])
def test_a_damaged_page_is_never_copied_into_a_new_part(
    filled: Store, damage: Strike, table: str, kind: str
) -> None:
    """There it would get a checksum that says that all is well."""
    path = filled.tables / f"000002-{table}.parquet"
    damage(path, kind)
    before = {p: p.read_bytes() for p in filled.root.rglob("*") if p.is_file()}
    with pytest.raises(StoreError, match=f"{path.name}: cannot be read"):
        compact(filled)
    other = Store.create(filled.root.parent / "other")
    with pytest.raises(StoreError, match=f"{path.name}: cannot be read"):
        merge(other, filled)
    after = {p: p.read_bytes() for p in filled.root.rglob("*") if p.is_file()}
    new = {p for p in after.keys() - before.keys() if not p.name.startswith("000003-")}
    assert new == set()
    assert {p: after[p] for p in before} == before
    assert list(other.tables.iterdir()) == []


def test_a_damaged_page_with_the_ids_of_trials_is_seen_at_once_and_never_copied(
    filled: Store, damage: Strike
) -> None:
    path = filled.tables / "000002-trials.parquet"
    damage(path, "page")
    content = path.read_bytes()
    other = Store.create(filled.root.parent / "other")
    assert merge(other, filled).trials == 6
    assert [d.path for d in take_snapshot(filled).damaged] == [path]
    compact(filled)
    assert (filled.quarantine / path.name).read_bytes() == content
    for store in (filled, other):
        assert seeds(take_snapshot(store)) - {9} == {1, 2, 3, 4, 5, 8}


@pytest.mark.parametrize("kind", ["page", "bit"])
def test_a_damaged_page_of_an_earlier_attempt_is_never_written_again(
    filled: Store, damage: Strike, kind: str
) -> None:
    trial = ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=9)
    damage(live_file(filled, 9), kind)
    TrialWriter(filled, trial, Provenance("", "", "{}"), attempt=2).begin()
    (row,) = pq.read_table(live_file(filled, 9)).to_pylist()
    assert (row["status"], row["attempts"], row["epoch_rows"]) == ("running", 2, [])


def test_what_can_just_not_be_read_now_is_named_but_may_be_whole(
    filled: Store, unreachable: Any
) -> None:
    paths = [live_file(filled, 8), filled.tables / "000002-steps.parquet"]
    with pytest.MonkeyPatch.context() as patch:
        for path in paths:
            unreachable(patch, path)
        seen = take_snapshot(filled)
    assert [(d.path, d.passing) for d in seen.damaged] == [(path, True) for path in paths]
    assert [d.passing for d in take_snapshot(filled).damaged] == []


def test_a_manifest_that_can_just_not_be_read_now_is_an_error(
    filled: Store, unreachable: Any
) -> None:
    """Whoever took it for a folder without results would put an empty manifest in its place."""
    with pytest.MonkeyPatch.context() as patch:
        unreachable(patch, filled.manifest)
        with pytest.raises(StoreError, match=r"manifest.json: cannot be read .*Stale"):
            take_snapshot(filled)


def test_what_is_set_aside_is_moved_as_it_is_to_a_name_of_its_own(store: Store) -> None:
    for i in range(12):
        path = store.live / ("a.parquet" if i % 2 else "a.parquet.2")
        path.write_text(f"content {i}")
        moved = set_aside(store, path)
        assert moved is not None
        assert moved.read_text() == f"content {i}"
        assert not path.exists()
    kept = {path.read_text() for path in store.quarantine.iterdir()}
    assert kept == {f"content {i}" for i in range(12)}
    assert set_aside(store, path) is None


def test_a_quarantine_that_cannot_be_made_is_a_store_error_and_moves_nothing(store: Store) -> None:
    path = store.live / "a.parquet"
    path.write_text("content")
    store.quarantine.write_text("a file in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        set_aside(store, path)
    assert path.read_text() == "content"


def test_a_damage_is_one_line(tmp_path: Path) -> None:
    assert str(Damage(tmp_path / "a", "first\n  second")) == f"{tmp_path}/a: first second"
