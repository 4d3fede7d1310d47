"""A trial that is tried again never goes back before its readers' eyes, and ends as what it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gensweep.orchestrator.store import inside, writer
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.errors import LeaseLostError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard, revoke
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended, Epoch, Record, Started, Steps

TRIAL = ClassifierTrial(model="mlp_1x512", dataset="synthetic")
MadeEpoch = Callable[..., Epoch]
Stamp = Callable[[Path], tuple[int, int, int]]


def stored(store: Store) -> dict[str, Any]:
    (row,) = pq.read_table(store.live_file(TRIAL.trial_id)).to_pylist()
    return dict(row)


def run(store: Store, records: Sequence[Record], attempt: int = 1, **given: Any) -> TrialWriter:
    worker = TrialWriter(store, TRIAL, Provenance("", "", "{}"), attempt, flush_seconds=0, **given)
    worker.begin()
    for record in records:
        worker.add(record)
    return worker


def course(epoch: MadeEpoch, epochs: int = 3) -> list[Record]:
    """All that a trial reports: two windows of steps in every epoch."""
    made: list[Record] = []
    for n in range(1, epochs + 1):
        made += [Steps(4 * n - 2, 1 / n), Steps(4 * n, 1 / n), epoch(n)]
    return made


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(0, 9), min_size=2, max_size=4))
def test_whatever_attempts_come_readers_see_the_furthest_any_has_come(
    store: Store, epoch: MadeEpoch, lengths: list[int]
) -> None:
    """Every attempt starts over, and dies after some records, which are those of the others."""
    store.live_file(TRIAL.trial_id).unlink(missing_ok=True)
    whole, furthest = course(epoch), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inside.os, "fsync", lambda file: None)
        for attempt, length in enumerate(lengths, start=1):
            worker = run(store, [], attempt)
            for come in range(length + 1):
                if come:
                    worker.add(whole[come - 1])
                furthest = max(furthest, come)
                row, seen = stored(store), whole[:furthest]
                epochs = [asdict(r) for r in seen if isinstance(r, Epoch)]
                best = accumulate((e["test_error"] for e in epochs), min)
                assert row["epoch_rows"] == [
                    {**e, "best_test_error": b, "best_test_top5_error": None}
                    for e, b in zip(epochs, best, strict=True)
                ]
                assert row["step_rows"] == [asdict(r) for r in seen if isinstance(r, Steps)]
                assert row["epochs"] == len(row["epoch_rows"])
                assert (row["status"], row["attempts"]) == ("running", attempt)


@pytest.mark.parametrize("status", ["done", "diverged"])
def test_a_trial_that_comes_to_its_end_has_the_rows_of_the_attempt_that_did(
    store: Store, epoch: MadeEpoch, status: Any
) -> None:
    """Though the one before came further, which it can on another machine."""
    run(store, course(epoch))
    run(store, [Started("cpu", 7), Steps(4, 9.0), epoch(1, train_loss=9.0), Ended(status)], 2)
    row = stored(store)
    assert (row["status"], row["epochs"], row["attempts"]) == (status, 1, 2)
    assert [e["train_loss"] for e in row["epoch_rows"]] == [9.0]
    assert [s["train_loss"] for s in row["step_rows"]] == [9.0]


@pytest.mark.parametrize("status", ["failed", "interrupted"])
def test_an_attempt_that_breaks_off_early_takes_no_row_away(
    store: Store, epoch: MadeEpoch, status: str
) -> None:
    run(store, [Started("cpu", 7), *course(epoch)])
    before = stored(store)
    run(store, [Started("cpu", 7), Steps(2, 1.0)], 2).end(status, "a reason")
    after = stored(store)
    assert (after["status"], after["error"], after["attempts"]) == (status, "a reason", 2)
    kept = ("epoch_rows", "step_rows", "epochs", "steps", "final_train_error", "wall_seconds")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_the_time_of_earlier_attempts_that_were_taken_over_counts(
    store: Store, epoch: MadeEpoch, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(writer.time, "monotonic", lambda: now)
    worker = run(store, [])
    now += 5
    worker.add(Started("cpu", 7, seconds=100.0, epoch=2))
    assert stored(store)["wall_seconds"] == 105.0
    now += 20
    for record in [*course(epoch), Ended("done")]:
        worker.add(record)
    assert stored(store)["wall_seconds"] == 125.0


def test_a_first_attempt_counts_its_own_time_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(writer.time, "monotonic", lambda: now)
    worker = run(store, [Started("cpu", 7)])
    now += 20
    worker.add(Ended("done"))
    assert stored(store)["wall_seconds"] == 20.0


def test_who_has_lost_the_lease_writes_nothing_whatever_it_has_to_say(
    store: Store, epoch: MadeEpoch, stamp: Stamp
) -> None:
    with claim_trials(store, "launch", [TRIAL.trial_id]) as lease:
        guard = Guard(store, lease.id)
        worker = run(store, [Started("cpu", 7), Steps(2, 1.0)], guard=guard)
        before = stamp(store.live_file(TRIAL.trial_id))
        revoke(store, lease.id)
        for record in (Steps(4, 1.0), epoch(1), Started("cpu", 7), Ended("done")):
            with pytest.raises(LeaseLostError):
                worker.add(record)
        with pytest.raises(LeaseLostError):
            worker.end("failed", "a traceback")
        with pytest.raises(LeaseLostError):
            run(store, [], attempt=2, guard=guard)
    assert stamp(store.live_file(TRIAL.trial_id)) == before
    assert [path.suffix for path in store.live.iterdir()] == [".parquet"]


def test_a_lease_that_is_lost_while_the_disk_is_slow_is_noticed_too(
    store: Store, monkeypatch: pytest.MonkeyPatch, stamp: Stamp
) -> None:
    with claim_trials(store, "launch", [TRIAL.trial_id]) as lease:
        worker = run(store, [Started("cpu", 7)], guard=Guard(store, lease.id))
        before = stamp(store.live_file(TRIAL.trial_id))
        monkeypatch.setattr(inside.os, "fsync", lambda file: revoke(store, lease.id))
        with pytest.raises(LeaseLostError):
            worker.add(Ended("done"))
    assert stamp(store.live_file(TRIAL.trial_id)) == before
