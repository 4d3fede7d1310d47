"""How far every trial is, and a last word for those whose worker is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import TrialStatus, end_abandoned, statuses
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.status import ENDED, Status

Write = Callable[..., ClassifierTrial]
Rows = Callable[[Store], dict[str, list[dict[str, Any]]]]
STATUSES = ("done", "failed", "diverged", "interrupted", "running")


@pytest.mark.parametrize("compacted", [False, True])
def test_every_trial_has_its_status_and_attempts_wherever_its_row_is(
    store: Store, write: Write, compacted: bool
) -> None:
    expected = {
        write(store, n, status, attempt=n + 1).trial_id: TrialStatus(status, n + 1)
        for n, status in enumerate(STATUSES)
    }
    if compacted:
        compact(store)
    assert statuses(take_snapshot(store)) == expected


@pytest.mark.parametrize("status", STATUSES)
def test_a_trial_has_ended_unless_it_can_go_on(status: str) -> None:
    over = status in ("done", "failed", "diverged")
    assert TrialStatus(Status(status), 1).ended is over
    assert (status in ENDED) is over


def test_a_trial_that_runs_again_is_running_though_its_failure_was_compacted(
    store: Store, write: Write
) -> None:
    trial = write(store, 1, "failed")
    compact(store)
    write(store, 1, "running", attempt=2)
    assert statuses(take_snapshot(store)) == {trial.trial_id: TrialStatus("running", 2)}


def test_only_the_trials_named_that_still_say_they_are_running_get_a_last_word(
    store: Store, write: Write, rows: Rows
) -> None:
    abandoned, other = write(store, 1, "running", epochs=3), write(store, 2, "running")
    ended = write(store, 3, "failed")
    before = rows(store)
    ids = [abandoned.trial_id, ended.trial_id, "never-started"]
    end_abandoned(store, ids, "interrupted", "stopped by the user")
    after = rows(store)
    assert after["epochs"] == before["epochs"]
    assert after["steps"] == before["steps"]
    for old, new in zip(before["trials"], after["trials"], strict=True):
        if old["trial_id"] == abandoned.trial_id:
            assert new.pop("finished_at") >= new["started_at"]
            del old["finished_at"]
            old |= {"status": "interrupted", "error": "stopped by the user"}
        assert new == old
    known = statuses(take_snapshot(store))
    assert known[other.trial_id].status == "running"
    assert known[ended.trial_id].status == "failed"


def test_nothing_is_written_where_nobody_is_abandoned(
    store: Store, write: Write, stamp: Callable[[Path], tuple[int, int, int]]
) -> None:
    path = store.live_file(write(store, 1, "done").trial_id)
    before = stamp(path)
    end_abandoned(store, [], "failed", "its worker died")
    end_abandoned(store, [path.stem], "failed", "its worker died")
    assert stamp(path) == before


def test_a_table_that_is_damaged_after_the_look_is_named(store: Store, write: Write) -> None:
    write(store, 1)
    compact(store)
    snapshot = take_snapshot(store)
    table = next(store.tables.glob("*-trials.parquet"))
    table.write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=f"{table.name}: cannot be read"):
        statuses(snapshot)


@pytest.mark.parametrize("compacted", [False, True])
def test_a_trial_whose_rows_can_just_not_be_read_now_is_not_taken_for_one_that_never_ran(
    store: Store, write: Write, unreachable: Any, compacted: bool
) -> None:
    """As on a network that is down for a moment: what has not run is run, and writes over it."""
    write(store, 1)
    trial = write(store, 2)
    path = store.live_file(trial.trial_id)
    if compacted:
        compact(store)
        (path,) = store.tables.glob("*-steps.parquet")
    with pytest.MonkeyPatch.context() as patch:
        unreachable(patch, path)
        with pytest.raises(StoreError, match=f"{path.name}: cannot be read .*Stale file handle"):
            statuses(take_snapshot(store))
    assert len(statuses(take_snapshot(store))) == 2
