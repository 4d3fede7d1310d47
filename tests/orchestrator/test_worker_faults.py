"""What a worker does with checkpoints, with a lease that is gone, and with too little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from gensweep.orchestrator import worker as module
from gensweep.orchestrator.job import OUT_OF_MEMORY, UNWRITABLE, Assignment, Job, Progress
from gensweep.orchestrator.store.errors import LeaseLostError
from gensweep.orchestrator.store.files import publish
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.worker import Worker
from gensweep.trainables.classifier.checkpoint import deserialize, serialize
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.errors import DeviceMemoryError
from gensweep.trainables.registry import TRAINABLES

TRIAL = ClassifierTrial(
    model="mlp_1x512", dataset="synthetic", epochs=5, batch_size=32, log_every=2, flip=True
)
CLOCK = ("seconds",)
Begin = Callable[..., Worker]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create(tmp_path / "results")
    publish(store.root, store.leases / "lease.json", b"{}")
    return store


@pytest.fixture
def begin(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    threads = torch.get_num_threads()
    monkeypatch.setattr(module, "REPORT_SECONDS", 0.0)  # a report for every record

    def setup(into: Store = store, gpu: float = 0.0, **settings: Any) -> Worker:
        settings = {"checkpoint_seconds": 0.0} | settings
        job = Job(into.root, tmp_path / "data", "cpu", 1, "", "lease", **settings)
        worker = Worker.__new__(Worker)
        worker.setup({"job": job, "pack": (Assignment.of(TRIAL, 1, gpu),)})
        return worker

    yield setup
    torch.set_num_threads(threads)


def finish(worker: Worker) -> Progress:
    while True:
        result = worker.step()
        if result["done"]:
            progress: Progress
            (progress,) = result["progress"]
            return progress


def rows(store: Store) -> tuple[list[Any], list[Any]]:
    (row,) = pq.read_table(store.live_file(TRIAL.trial_id)).to_pylist()
    epochs = [{k: v for k, v in e.items() if k not in CLOCK} for e in row["epoch_rows"]]
    return epochs, row["step_rows"]


@pytest.fixture
def undisturbed(begin: Begin, tmp_path: Path) -> tuple[list[Any], list[Any]]:
    other = Store.create(tmp_path / "other")
    publish(other.root, other.leases / "lease.json", b"{}")
    assert finish(begin(other)).status == "done"
    return rows(other)


@pytest.mark.parametrize("steps", [1, 2, 7, 20])
def test_a_worker_that_is_killed_is_followed_by_one_that_makes_the_same_rows(
    store: Store, begin: Begin, undisturbed: tuple[list[Any], list[Any]], steps: int
) -> None:
    killed = begin()
    for _ in range(steps):
        killed.step()
    assert finish(begin()).status == "done"
    assert rows(store) == undisturbed


@pytest.mark.parametrize("steps", [1, 7, 20])
def test_a_worker_that_tune_stops_saves_where_it_is(
    store: Store, begin: Begin, undisturbed: tuple[list[Any], list[Any]], steps: int
) -> None:
    stopped = begin()
    for _ in range(steps):
        stopped.step()
    stopped.cleanup()
    (row,) = pq.read_table(store.live_file(TRIAL.trial_id)).to_pylist()
    assert row["status"] == "interrupted"
    assert finish(begin()).status == "done"
    assert rows(store) == undisturbed


def test_a_worker_stops_when_its_launch_asks_for_it(store: Store, begin: Begin) -> None:
    worker = begin()
    worker.step()
    publish(store.root, store.leases / "lease.beat", b'{"count": 1, "stopping": true}')
    module.time.sleep(1.1)
    assert finish(worker).status == "interrupted"
    assert store.checkpoint_file(TRIAL.trial_id).exists()


def test_a_worker_saves_and_goes_on_when_its_launch_asks_for_it(
    store: Store, begin: Begin, undisturbed: tuple[list[Any], list[Any]]
) -> None:
    worker = begin(checkpoint_seconds=float("inf"))
    worker.step()
    assert not store.checkpoint_file(TRIAL.trial_id).exists()
    beat = b'{"count": 1, "checkpoints_asked": 1}'
    publish(store.root, store.leases / "lease.beat", beat)
    module.time.sleep(1.1)
    worker.step()
    assert store.checkpoint_file(TRIAL.trial_id).exists()
    assert finish(worker).status == "done"
    assert rows(store) == undisturbed


@pytest.mark.parametrize(("keep", "left"), [(False, False), (True, True)])
def test_a_checkpoint_goes_with_the_end_of_its_trial_unless_it_is_to_stay(
    store: Store, begin: Begin, keep: bool, left: bool
) -> None:
    assert finish(begin(keep_checkpoints=keep)).status == "done"
    assert store.checkpoint_file(TRIAL.trial_id).exists() == left


def cut(content: bytes) -> bytes:
    return content[:-100]


def of_another_program(content: bytes) -> bytes:
    """Whole, and with weights that are not those of the trial's model."""
    saved = deserialize(content, TRIAL)
    weights = {name: weight[..., :1].clone() for name, weight in saved.engine["model"].items()}
    return serialize(replace(saved, engine={**saved.engine, "model": weights}))


@pytest.mark.parametrize("damage", [cut, of_another_program])
def test_a_damaged_checkpoint_is_set_aside_and_the_trial_starts_over(
    store: Store,
    begin: Begin,
    undisturbed: tuple[list[Any], list[Any]],
    damage: Callable[[bytes], bytes],
) -> None:
    killed = begin()
    for _ in range(20):
        killed.step()
    path = store.checkpoint_file(TRIAL.trial_id)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    worker = begin()
    (progress,) = worker.step()["progress"]
    note = progress.note
    assert str(path.name) in note
    assert "starts over" in note
    assert finish(worker).status == "done"
    assert rows(store) == undisturbed
    assert (store.quarantine / path.name).read_bytes() == damaged


def test_a_worker_whose_lease_was_taken_over_writes_nothing_more(
    store: Store, begin: Begin
) -> None:
    worker = begin()
    for _ in range(5):
        worker.step()
    before = store.live_file(TRIAL.trial_id).read_bytes()
    (store.leases / "lease.json").unlink()
    report = finish(worker)
    assert report.status == UNWRITABLE
    assert "another one took over" in report.error
    assert store.live_file(TRIAL.trial_id).read_bytes() == before


def test_a_worker_whose_results_folder_was_moved_says_so_and_makes_no_other(
    store: Store, begin: Begin, tmp_path: Path
) -> None:
    worker = begin()
    worker.step()
    Path(store.root).rename(tmp_path / "elsewhere")
    assert finish(worker).status == UNWRITABLE
    assert not Path(store.root).exists()
    with pytest.raises(LeaseLostError, match="is gone: it was moved or deleted"):
        Guard(store, "lease").check()


@pytest.mark.parametrize(
    ("gpu", "reported", "stored"),
    [(0.25, OUT_OF_MEMORY, "interrupted"), (1.0, "failed", "failed"), (0.0, "failed", "failed")],
)
def test_too_little_memory_asks_for_a_larger_share_if_there_is_one(
    store: Store,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
    gpu: float,
    reported: str,
    stored: str,
) -> None:
    def run(*arguments: Any) -> Iterator[Any]:
        raise DeviceMemoryError("a gpu", "does not have enough memory")
        yield

    monkeypatch.setattr(type(TRAINABLES["classifier"]), "run", run)
    assert finish(begin(gpu=gpu)).status == reported
    (row,) = pq.read_table(store.live_file(TRIAL.trial_id)).to_pylist()
    assert row["status"] == stored
