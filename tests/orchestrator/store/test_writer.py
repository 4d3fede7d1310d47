"""A trial's file says at every moment what the trial has reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.schemas import LIVE
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended, Epoch, Record, Started, Steps

TRIAL = ClassifierTrial(
    model="mlp_1x512", dataset="synthetic", randomization="partial_labels", corruption=0.5
)


def stored(store: Store) -> dict[str, Any]:
    (row,) = pq.read_table(store.live_file(TRIAL.trial_id)).to_pylist()
    return dict(row)


@pytest.fixture
def records(epoch: Callable[..., Epoch]) -> list[Record]:
    corrupted = {"corrupted_train_error": 0.9, "memorized_fraction": 0.1, "recovered_fraction": 0.3}
    return [Steps(2, 2.5), Steps(4, 2.25), epoch(1, **corrupted), Steps(8, 2.0), epoch(2)]


def test_after_every_record_the_file_has_exactly_what_was_reported(
    store: Store, provenance: Provenance, records: list[Record]
) -> None:
    writer = TrialWriter(store, TRIAL, provenance, flush_seconds=0)
    told: list[Record] = []
    for record in [Started("cpu", 7), *records, Ended("done")]:
        writer.add(record)
        told.append(record)
        row = stored(store)
        epochs = [record for record in told if isinstance(record, Epoch)]
        assert row["epoch_rows"] == [
            {
                **asdict(e),
                "best_test_error": min(earlier.test_error for earlier in epochs[:n]),
                "best_test_top5_error": None,
            }
            for n, e in enumerate(epochs, start=1)
        ]
        assert row["step_rows"] == [asdict(r) for r in told if isinstance(r, Steps)]
        assert row["status"] == ("done" if isinstance(record, Ended) else "running")


def test_the_file_has_the_schema_of_live_files(store: Store, provenance: Provenance) -> None:
    TrialWriter(store, TRIAL, provenance).add(Started("cpu", 7))
    schema = pq.read_schema(store.live_file(TRIAL.trial_id))
    assert schema.equals(LIVE)
    assert schema.metadata[b"gensweep_format"] == b"1"


def test_the_row_says_what_ran_where_with_what(store: Store, provenance: Provenance) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    writer = TrialWriter(store, TRIAL, provenance, attempt=3)
    writer.add(Started("a GPU", 1234))
    row = stored(store)
    expected = {
        **asdict(provenance),
        "trial_id": TRIAL.trial_id,
        "trainable": "classifier",
        "randomization": "partial_labels",
        "corruption": 0.5,
        "max_epochs": 100,
        "device": "a GPU",
        "parameters": 1234,
        "attempts": 3,
        "finished_at": None,
        "error": None,
    }
    assert expected.items() <= row.items()
    assert before <= row["started_at"] <= before + timedelta(minutes=1)
    writer.add(Ended("done"))
    assert stored(store)["finished_at"] >= row["started_at"]


@pytest.mark.parametrize(
    ("record", "status", "error"),
    [
        (Ended("done"), "done", None),
        (Ended("done", "training error 0"), "done", None),
        (Ended("diverged", "training loss is nan"), "diverged", "training loss is nan"),
        (Ended("interrupted", "stopped in epoch 2"), "interrupted", "stopped in epoch 2"),
    ],
)
def test_a_trial_runs_until_it_ends_and_only_a_bad_end_is_an_error(
    store: Store, provenance: Provenance, record: Ended, status: str, error: str | None
) -> None:
    writer = TrialWriter(store, TRIAL, provenance)
    writer.add(Started("cpu", 7))
    assert stored(store)["status"] == "running"
    writer.add(record)
    assert (stored(store)["status"], stored(store)["error"]) == (status, error)


def test_a_failure_keeps_its_traceback_and_the_rows_before_it(
    store: Store, provenance: Provenance, records: list[Record]
) -> None:
    writer = TrialWriter(store, TRIAL, provenance)
    for record in [Started("cpu", 7), *records]:
        writer.add(record)
    writer.end("failed", "Traceback:\n  line 1\nValueError: ü")
    row = stored(store)
    assert (row["status"], row["error"]) == ("failed", "Traceback:\n  line 1\nValueError: ü")
    assert len(row["epoch_rows"]) == 2
    assert len(row["step_rows"]) == 3


def test_between_start_and_end_the_file_is_not_written_more_often_than_asked(
    store: Store,
    provenance: Provenance,
    records: list[Record],
    stamp: Callable[[Path], tuple[int, int, int]],
) -> None:
    writer = TrialWriter(store, TRIAL, provenance, flush_seconds=3600)
    writer.add(Started("cpu", 7))
    written = stamp(store.live_file(TRIAL.trial_id))
    for record in records:
        writer.add(record)
    assert stamp(store.live_file(TRIAL.trial_id)) == written
    assert [e.epoch for e in writer.epochs] == [1, 2]
    writer.add(Ended("done"))
    assert len(stored(store)["epoch_rows"]) == 2


def test_a_second_attempt_replaces_the_first(
    store: Store, write: Callable[..., ClassifierTrial]
) -> None:
    trial = write(store, 1, "failed", epochs=3)
    write(store, 1, "done", epochs=1, attempt=2)
    (row,) = pq.read_table(store.live_file(trial.trial_id)).to_pylist()
    assert (row["attempts"], row["status"], row["error"]) == (2, "done", None)
    assert [e["train_loss"] for e in row["epoch_rows"]] == [2.1]


def test_a_store_that_cannot_be_written_is_a_store_error(
    store: Store, provenance: Provenance
) -> None:
    store.live.rmdir()
    store.live.write_text("a file in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        TrialWriter(store, TRIAL, provenance).add(Started("cpu", 7))
