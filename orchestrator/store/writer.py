"""Writes one trial's rows while it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from gensweep.orchestrator.store import strict
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.inside import read
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.store.rows import (
    Provenance,
    config_row,
    dataset_row,
    epoch_rows,
    example_columns,
    outcome_row,
    utc,
)
from gensweep.orchestrator.store.schemas import LIVE
from gensweep.trainables.records import (
    Ended,
    Epoch,
    Examples,
    Measurement,
    Measures,
    Record,
    Started,
    Steps,
)
from gensweep.trainables.status import COMPLETE, Status
from gensweep.trainables.trial import Trial

_OUTCOME = (
    "epochs",
    "steps",
    "fit_epoch",
    "fit_step",
    "final_train_loss",
    "final_train_error",
    "final_test_error",
    "best_test_error",
    "best_test_epoch",
    "final_train_top5_error",
    "final_test_top5_error",
    "best_test_top5_error",
    "wall_seconds",
    "images_per_second",
)


class TrialWriter:
    """Collects a trial's records and keeps its file in the store up to date.

    The file is replaced as a whole, so a reader sees a trial's row, epochs and steps as of one
    moment. It is written when the trial starts, when it ends, and in between at most every
    `flush_seconds`. Rows of an earlier attempt stay until this attempt has come as far, so readers
    never see a trial go back. With a `guard`, every write first checks that the lease still holds,
    and raises LeaseLostError if not.
    """

    def __init__(
        self,
        store: Store,
        trial: Trial,
        provenance: Provenance,
        attempt: int = 1,
        guard: Guard | None = None,
        flush_seconds: float = 10.0,
    ) -> None:
        self._store, self._path = store, store.live_file(trial.trial_id)
        self._guard = guard
        self._trial = trial
        self._flush_seconds = flush_seconds
        self._epochs: list[Epoch] = []
        self._steps: list[Steps] = []
        self._measurements: list[Measurement] = []
        self._earlier: dict[str, Any] = {}
        self._spent = 0.0  # seconds, in earlier attempts
        self._began = self._flushed = time.monotonic()
        self._row: dict[str, Any] = {
            **config_row(trial),
            **asdict(provenance),
            **dataset_row(trial),
            "status": Status.RUNNING,
            "attempts": attempt,
            "started_at": utc(datetime.now(UTC)),
        }

    @property
    def epochs(self) -> list[Epoch]:
        return self._epochs

    def begin(self) -> None:
        """Record that the trial runs, so that a worker that dies while loading is noticed."""
        # The file is missing or damaged.
        with suppress(OSError, pa.ArrowException, StoreError, ValueError):
            content = read(self._store.root, self._path, strict.MOST)
            (row,) = strict.live_rows(content, self._path.stem).to_pylist()
            self._earlier = {name: row[name] for name in (*_OUTCOME, "epoch_rows", "step_rows")}
        self._flush()

    def add(self, record: Record) -> None:
        """Add a record. Raises StoreError if the store cannot be written."""
        if isinstance(record, Started):
            self._row.update(device=record.device, parameters=record.parameters)
            self._spent = record.seconds
            self._flush()
        elif isinstance(record, Ended):
            self.end(record.status, record.reason if record.status != "done" else None)
        elif isinstance(record, Measures):
            self._row.update(asdict(record))
        elif isinstance(record, Examples):
            self._row.update(example_columns(record))
        elif isinstance(record, Epoch):
            self._epochs.append(record)
            self._flush_in_time()
        elif isinstance(record, Steps):
            self._steps.append(record)
            self._flush_in_time()
        elif isinstance(record, Measurement):
            self._measurements.append(record)
            self._flush_in_time()

    def end(self, status: str, error: str | None = None) -> None:
        """Write the trial's final status; `error` is a reason or a traceback."""
        if status in COMPLETE:
            self._earlier = {}
        self._row.update(status=status, error=error, finished_at=utc(datetime.now(UTC)))
        self._flush()

    def _flush_in_time(self) -> None:
        if time.monotonic() - self._flushed >= self._flush_seconds:
            self._flush()

    def _flush(self) -> None:
        now = time.monotonic()
        row = {
            **self._row,
            **outcome_row(self._trial, self._epochs, self._spent + now - self._began),
            "measurements": [asdict(measurement) for measurement in self._measurements],
            "epoch_rows": epoch_rows(self._epochs),
            "step_rows": [asdict(step) for step in self._steps],
        }
        nested = ("epoch_rows", "step_rows")
        if any(len(row[name]) < len(self._earlier.get(name) or ()) for name in nested):
            row |= self._earlier
        check = self._guard.check if self._guard else lambda: None
        table = pa.Table.from_pylist([row], schema=LIVE)
        publish_table(self._store.root, self._path, table, check)
        self._flushed = now


def mark_ended(store: Store, live: pa.Table, status: str, changes: Mapping[str, Any]) -> None:
    """Write the final status of trials whose worker is gone, keeping the rows they wrote."""
    for row in live.to_pylist():
        ended = {**row, **changes, "status": status, "finished_at": utc(datetime.now(UTC))}
        table = pa.Table.from_pylist([ended], schema=LIVE)
        publish_table(store.root, store.live_file(row["trial_id"]), table)
