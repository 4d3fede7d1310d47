"""One folder takes in another, and neither loses anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.store.claiming import hold
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.merging import Merge, merge
from gensweep.orchestrator.store.rows import sweep_rows
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
Rows = Callable[[Store], dict[str, list[dict[str, Any]]]]


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "other")


def sweep(store: Store, name: str, planned: Sequence[tuple[int, Sequence[str]]]) -> None:
    trials = [(ClassifierTrial(model="mlp_1x512", seed=seed), feeds) for seed, feeds in planned]
    publish_table(store.root, store.sweep_file(name), sweep_rows(name, trials))


@pytest.mark.parametrize("compacted", [(), (0,), (1,), (0, 1)], ids=str)
def test_the_union_has_every_row_of_both(
    store: Store, other: Store, write: Write, rows: Rows, compacted: Sequence[int]
) -> None:
    for seed in (1, 2):
        write(store, seed, epochs=seed)
    for seed, status in ((3, "done"), (4, "failed"), (5, "diverged")):
        write(other, seed, status, epochs=seed)
    for i in compacted:
        compact((store, other)[i])
    mine, theirs = rows(store), rows(other)
    assert merge(store, other) == Merge(trials=3, sweeps=0)
    found = rows(store)
    for table in ("trials", "epochs", "steps"):
        everything = mine[table] + theirs[table]
        assert len(found[table]) == len(everything)
        assert all(row in everything for row in found[table])
    assert rows(other) == theirs


def test_merging_twice_changes_nothing(
    store: Store, other: Store, write: Write, rows: Rows
) -> None:
    write(store, 1)
    write(other, 1)
    write(other, 2)
    sweep(other, "figure_1", [(1, ["figure_1b"]), (2, [])])
    merge(store, other)
    before, sweeps = rows(store), take_snapshot(store).sweeps.to_pylist()
    assert merge(store, other).trials == 0
    assert rows(store) == before
    assert take_snapshot(store).sweeps.to_pylist() == sweeps


def test_a_trial_that_has_ended_here_is_kept_as_it_is(
    store: Store, other: Store, write: Write, rows: Rows
) -> None:
    write(store, 1, epochs=2)
    before = rows(store)
    write(other, 1, epochs=5, attempt=2)
    assert merge(store, other).trials == 0
    assert rows(store) == before


@pytest.mark.parametrize("status", ["running", "interrupted"])
def test_a_trial_that_has_ended_there_replaces_one_that_has_not_here(
    store: Store, other: Store, write: Write, rows: Rows, status: str
) -> None:
    write(store, 1, status, epochs=1)
    write(other, 1, "done", epochs=4, attempt=2)
    assert merge(store, other).trials == 1
    assert rows(store) == rows(other)
    compact(store)
    assert rows(store) == rows(other)


def test_a_trial_that_has_not_ended_there_stays_there(
    store: Store, other: Store, write: Write, rows: Rows
) -> None:
    for seed, status in ((1, "running"), (2, "interrupted")):
        write(other, seed, status)
    assert merge(store, other).trials == 0
    assert rows(store)["trials"] == []


def test_a_failure_there_that_is_run_again_stays_there(
    store: Store, other: Store, write: Write, rows: Rows
) -> None:
    """Its old rows are in the other folder's tables, and no longer in force."""
    write(other, 1, "failed")
    write(other, 2, "done")
    compact(other)
    write(other, 1, "running", attempt=2)
    assert merge(store, other).trials == 1
    assert [row["seed"] for row in rows(store)["trials"]] == [2]


def test_a_trial_that_was_run_again_there_comes_with_its_new_rows_alone(
    store: Store, other: Store, write: Write, rows: Rows
) -> None:
    write(other, 1, "failed", epochs=3)
    compact(other)
    write(other, 1, "done", epochs=2, attempt=2)
    assert merge(store, other).trials == 1
    assert rows(store) == rows(other)
    assert len(rows(store)["epochs"]) == 2


def test_a_sweep_in_both_has_the_trials_and_feeds_of_both_once(store: Store, other: Store) -> None:
    sweep(store, "figure_1", [(1, ["figure_1b"]), (2, [])])
    sweep(other, "figure_1", [(1, ["figure_1b", "figure_1c"]), (3, [])])
    sweep(other, "table_1", [(4, ["table_1"])])
    assert merge(store, other) == Merge(trials=0, sweeps=2)
    found = [(r["sweep"], r["seed"], r["feed"]) for r in take_snapshot(store).sweeps.to_pylist()]
    assert sorted(found, key=str) == [
        ("figure_1", 1, "figure_1b"),
        ("figure_1", 1, "figure_1c"),
        ("figure_1", 2, None),
        ("figure_1", 3, None),
        ("table_1", 4, "table_1"),
    ]


def test_merging_a_folder_with_itself_changes_nothing(
    store: Store, write: Write, rows: Rows
) -> None:
    write(store, 1)
    compact(store)
    write(store, 2)
    before = rows(store)
    assert merge(store, store).trials == 0
    assert rows(store) == before


def test_nothing_is_merged_while_somebody_compacts(
    store: Store, other: Store, write: Write
) -> None:
    write(other, 1)
    with (
        hold(store, "compaction"),
        pytest.raises(StoreError, match="in use: compaction by process"),
    ):
        merge(store, other)
    assert statuses(take_snapshot(store)) == {}


def test_a_failure_gives_way_to_a_success_and_not_the_other_way(
    store: Store, other: Store, write: Write
) -> None:
    write(store, 1, "failed")
    write(other, 1, "done")
    write(store, 2, "done")
    write(other, 2, "failed")
    assert merge(store, other).trials == 1
    assert [status.status for status in statuses(take_snapshot(store)).values()] == ["done"] * 2
