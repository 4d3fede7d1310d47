"""What the tests of the store share: a folder, a way to fill it, and an independent reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from orchestrator.store.layout import Store
from orchestrator.store.rows import Provenance
from orchestrator.store.writer import TrialWriter
from trainables.records import Ended, Epoch, Started, Steps
from trainables.trial import ClassifierTrial

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "results")


@pytest.fixture(scope="session")
def provenance() -> Provenance:
    return Provenance("a-host", "0123456789ab", '{"python": "3"}')


@pytest.fixture(scope="session")
def epoch() -> Callable[..., Epoch]:
    """An Epoch record; what is not said is made up from its number."""

    def make(number: int, **given: Any) -> Epoch:
        figures: dict[str, Any] = {
            "epoch": number,
            "step": 4 * number,
            "lr": 0.01,
            "train_loss": 1.0 / number,
            "train_error": 0.5 / number,
            "test_loss": 2.0 / number,
            "test_error": 0.75 / number,
            "corrupted_train_error": None,
            "clean_train_error": 0.25 / number,
            "memorized_fraction": None,
            "recovered_fraction": None,
            "seconds": 0.5,
        }
        return Epoch(**{**figures, **given})

    return make


@pytest.fixture(scope="session")
def write(provenance: Provenance, epoch: Callable[..., Epoch]) -> Callable[..., ClassifierTrial]:
    """Write a trial as a worker would; `status` is how it ends, or running."""

    def run(
        store: Store, seed: int, status: str = "done", epochs: int = 2, attempt: int = 1
    ) -> ClassifierTrial:
        trial = ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed)
        writer = TrialWriter(store, trial, provenance, attempt, flush_seconds=0)
        writer.add(Started("cpu", 1234))
        for number in range(1, epochs + 1):
            writer.add(Steps(4 * number, attempt + seed / 10))
            writer.add(epoch(number, train_loss=attempt + seed / 10))
        if status == "failed":
            writer.end("failed", "a traceback")
        elif status != "running":
            writer.add(Ended(status, f"was {status}"))  # type: ignore[arg-type]
        return trial

    return run


@pytest.fixture(scope="session")
def rows() -> Callable[[Store], Rows]:
    """What a reader has to see, sorted: compacted rows, save of trials with a file of their own.

    Knows the files, and none of the code under test.
    """

    def read(store: Store) -> Rows:
        manifest = store.root / "manifest.json"
        files = json.loads(manifest.read_text())["files"] if manifest.exists() else {}
        live = [
            r for f in (store.root / "live").glob("*.parquet") for r in pq.read_table(f).to_pylist()
        ]
        own = {row["trial_id"] for row in live}
        found: Rows = {"trials": [], "epochs": [], "steps": []}
        for table, names in files.items():
            for name in names:
                compacted = pq.read_table(store.root / "tables" / name).to_pylist()
                found[table] += [row for row in compacted if row["trial_id"] not in own]
        for row in live:
            for table, column in (("epochs", "epoch_rows"), ("steps", "step_rows")):
                found[table] += [{"trial_id": row["trial_id"], **r} for r in row.pop(column)]
            found["trials"].append(row)
        return {table: sorted(lines, key=_order) for table, lines in found.items()}

    return read


def _order(row: dict[str, Any]) -> tuple[str, int]:
    return row["trial_id"], row.get("epoch") or row.get("step") or 0
