"""A repair puts damaged files out of the way, so that what they held is run again; only that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store.claiming import hold
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.errors import StoreBusyError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.repair import repair
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, statuses
from gensweep.trainables.classifier.trial import ClassifierTrial

KINDS = ("truncated", "zeroed", "empty", "garbage")
TABLES = ("trials", "epochs", "steps")
Strike = Callable[[Path, str], None]
Rows = dict[str, list[dict[str, Any]]]
Read = Callable[[Store], Rows]


def trial_id(seed: int) -> str:
    return ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed).trial_id


def without(rows: Rows, seeds: Sequence[int]) -> Rows:
    lost = {trial_id(seed) for seed in seeds}
    return {t: [row for row in lines if row["trial_id"] not in lost] for t, lines in rows.items()}


def contents(root: Path, pattern: str = "*") -> Counter[bytes]:
    return Counter(path.read_bytes() for path in root.rglob(pattern) if path.is_file())


def files(store: Store) -> dict[Path, tuple[bytes, int]]:
    found = (path for path in Path(str(store.root)).rglob("*") if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


@pytest.mark.parametrize("kind", [*KINDS, "page", "bit"])
def test_a_damaged_trial_is_as_if_it_had_never_run_and_its_file_is_kept(
    filled: Store, rows: Read, damage: Strike, kind: str
) -> None:
    before, path = rows(filled), filled.live_file(trial_id(8))
    damage(path, kind)
    content, known = path.read_bytes(), statuses(take_snapshot(filled))
    assert [d.path for d in repair(filled)] == [path]
    assert (filled.quarantine / path.name).read_bytes() == content
    assert rows(filled) == without(before, [8])
    assert statuses(take_snapshot(filled)) == known
    assert trial_id(8) not in known
    assert list(take_snapshot(filled, verify=True).damaged) == []


@pytest.mark.parametrize("kind", [*KINDS, "page", "bit", "deleted"])
@pytest.mark.parametrize("table", TABLES)
def test_trials_of_a_damaged_part_are_as_if_they_had_never_run_and_others_untouched(
    filled: Store, rows: Read, damage: Strike, table: str, kind: str
) -> None:
    before = rows(filled)
    damage(filled.tables / f"000001-{table}.parquet", kind)
    kept = contents(filled.root, "*.parquet")
    assert [d.path.name for d in repair(filled)] == [f"000001-{table}.parquet"]
    assert contents(filled.root, "*.parquet") == kept
    moved = {path.name for path in filled.quarantine.iterdir()}
    assert moved == {f"000001-{t}.parquet" for t in TABLES if (t, kind) != (table, "deleted")}
    assert rows(filled) == without(before, [1, 2, 3, 4, 5])
    expected = {trial_id(n): TrialStatus("done", 1) for n in (6, 7, 8)}
    expected[trial_id(9)] = TrialStatus("running", 1)
    assert statuses(take_snapshot(filled)) == expected
    assert list(take_snapshot(filled, verify=True).damaged) == []


@pytest.mark.parametrize("kind", [*KINDS, "page", "bit"])
def test_a_damaged_sweep_takes_no_trial_with_it(
    filled: Store, rows: Read, damage: Strike, kind: str
) -> None:
    before, path = rows(filled), filled.sweep_file("sweep_1")
    damage(path, kind)
    content = path.read_bytes()
    assert [d.path for d in repair(filled)] == [path]
    assert (filled.quarantine / path.name).read_bytes() == content
    assert rows(filled) == before
    assert set(take_snapshot(filled).sweeps["sweep"].to_pylist()) == {"sweep_6"}


@pytest.mark.parametrize("kind", [*KINDS])
def test_a_damaged_manifest_loses_nothing(
    filled: Store, rows: Read, damage: Strike, kind: str
) -> None:
    before, kept = rows(filled), contents(filled.root, "*.parquet")
    damage(filled.manifest, kind)
    content = filled.manifest.read_bytes()
    assert [d.path for d in repair(filled)] == [filled.manifest]
    assert (filled.quarantine / "manifest.json").read_bytes() == content
    assert rows(filled) == before
    assert contents(filled.root, "*.parquet") == kept
    assert list(take_snapshot(filled, verify=True).damaged) == []


@pytest.mark.parametrize("work", [repair, compact])
@pytest.mark.parametrize("kind", [*KINDS, "deleted"])
def test_where_every_manifest_is_damaged_or_gone_no_part_is_deleted(
    filled: Store, damage: Strike, kind: str, work: Callable[[Store], Any]
) -> None:
    """Nobody knows then which are in force; they are set aside, and can be put back by hand."""
    kept = contents(filled.tables, "*.parquet")
    for path in (filled.manifest, *filled.tables.glob("*.json")):
        damage(path, kind)
    damaged = contents(filled.root, "*.json")
    for step in (work, repair, compact):
        step(filled)
        everywhere = contents(filled.root)
        assert kept <= everywhere
        assert kind == "deleted" or damaged <= everywhere
    assert set(statuses(take_snapshot(filled))) == {trial_id(8), trial_id(9)}
    assert list(take_snapshot(filled, verify=True).damaged) == []


def test_a_manifest_whose_newest_copy_is_damaged_too_costs_no_bytes(
    filled: Store, damage: Strike
) -> None:
    """The copy before is of fewer trials; the files of the others are set aside."""
    kept = contents(filled.tables, "*.parquet")
    for path in (filled.manifest, filled.tables / "000002-manifest.json"):
        damage(path, "truncated")
    assert len(repair(filled)) == 2
    compact(filled)
    assert kept <= contents(filled.root, "*.parquet")
    assert {trial_id(n) for n in (1, 2, 3, 4, 5, 8, 9)} == set(statuses(take_snapshot(filled)))


def test_repairing_what_is_whole_changes_no_byte(filled: Store, store: Store) -> None:
    for whole in (filled, store):
        before = files(whole)
        assert list(repair(whole)) == []
        assert files(whole) == before


def test_repairing_twice_is_repairing_once(filled: Store, damage: Strike) -> None:
    damage(filled.tables / "000002-steps.parquet", "page")
    damage(filled.manifest, "empty")
    assert len(repair(filled)) == 2
    before = files(filled)
    assert list(repair(filled)) == []
    assert files(filled) == before


def test_damage_of_the_same_file_again_and_again_keeps_every_one(
    filled: Store, write: Any, damage: Strike
) -> None:
    seen = set()
    for kind in (*KINDS, *KINDS):
        write(filled, 8, attempt=len(seen) + 1)
        damage(filled.live_file(trial_id(8)), kind)
        seen.add(filled.live_file(trial_id(8)).read_bytes())
        repair(filled)
    assert seen <= set(contents(filled.quarantine))
    assert len(list(filled.quarantine.iterdir())) == 8


def test_what_was_lost_can_be_run_again_and_compacted(
    filled: Store, rows: Read, write: Any, damage: Strike
) -> None:
    before = rows(filled)
    damage(filled.tables / "000001-epochs.parquet", "page")
    repair(filled)
    for seed in (1, 2, 3, 4, 5):
        write(filled, seed, "failed" if seed == 3 else "done")
    compact(filled)
    found = rows(filled)
    assert {t: len(lines) for t, lines in found.items()} == {t: len(before[t]) for t in before}
    assert found["steps"] == before["steps"]


def test_what_can_just_not_be_read_now_stays_where_it_is(
    filled: Store, unreachable: Any, damage: Strike
) -> None:
    damage(filled.live_file(trial_id(9)), "empty")
    path = filled.live_file(trial_id(8))
    before = path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        unreachable(patch, path)
        assert [d.path for d in repair(filled)] == [filled.live_file(trial_id(9))]
    assert path.read_bytes() == before


def test_a_part_that_can_just_not_be_read_now_is_neither_moved_nor_left_out_for_good(
    filled: Store, rows: Read, unreachable: Any, damage: Strike
) -> None:
    before = rows(filled)
    with pytest.MonkeyPatch.context() as patch:
        unreachable(patch, filled.tables / "000001-steps.parquet")
        assert list(repair(filled)) == []
        with pytest.raises(Exception, match=r"000001-steps.parquet.*Stale file handle"):
            compact(filled)
    assert rows(filled) == before
    assert not filled.quarantine.exists()


def test_nothing_is_repaired_while_somebody_compacts(filled: Store, damage: Strike) -> None:
    damage(filled.live_file(trial_id(8)), "empty")
    with hold(filled, "compaction"), pytest.raises(StoreBusyError, match="in use: compaction by"):
        repair(filled)
    assert not filled.quarantine.exists()
    with hold(filled, "compaction"):
        damage(filled.live_file(trial_id(8)), "deleted")
        assert list(repair(filled)) == []  # there is nothing to wait for


@pytest.mark.parametrize("work", ["repair", "compact"])
@pytest.mark.parametrize("where", ["a part", "the manifest"])
def test_a_kill_at_any_point_loses_nothing_that_was_whole_and_no_damaged_file(
    filled: Store,
    rows: Read,
    write: Any,
    damage: Strike,
    crashes: Callable[[Store, str], list[Store]],
    where: str,
    work: str,
) -> None:
    write(filled, 10)
    before, lost = rows(filled), [8]
    struck = [filled.live_file(trial_id(8)), filled.sweep_file("sweep_1")]
    if where == "a part":
        lost += [1, 2, 3, 4, 5]
        struck.append(filled.tables / "000001-epochs.parquet")
    else:
        struck.append(filled.manifest)
    for path in struck:
        damage(path, "truncated")
    kept = {path.read_bytes() for path in struck}
    if where == "a part":
        kept |= {(filled.tables / f"000001-{t}.parquet").read_bytes() for t in TABLES}
    expected = without(before, lost)
    for store in crashes(filled, work):
        known = statuses(take_snapshot(store))
        assert set(known) == {row["trial_id"] for row in expected["trials"]}
        assert kept <= set(contents(store.root))
        repair(store)
        assert rows(store) == expected
        assert kept <= set(contents(store.root))
        assert list(take_snapshot(store, verify=True).damaged) == []
        compact(store)
        assert rows(store) == expected
        assert pq.read_table(store.sweep_file("sweep_6")).num_rows == 2
