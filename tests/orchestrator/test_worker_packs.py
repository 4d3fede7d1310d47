"""A worker with a pack: each trial has its own rows, checkpoint and end, as it has them alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from gensweep.orchestrator import worker as module
from gensweep.orchestrator.job import UNPACKED, UNWRITABLE, Assignment, Job, Progress
from gensweep.orchestrator.store.checkpoints import CheckpointFiles
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.orchestrator.worker import Worker
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.errors import CheckpointError, DeviceMemoryError
from gensweep.trainables.records import Ended, Started, Steps
from gensweep.trainables.registry import TRAINABLES

LONG = ClassifierTrial(
    model="mlp_1x512", dataset="synthetic", epochs=5, batch_size=32, log_every=2, flip=True
)
SHORT = replace(LONG, epochs=2, seed=1)
OTHER = replace(LONG, randomization="random_labels", seed=2)
DIVERGES = replace(LONG, lr=1e30)
PACK = (LONG, SHORT, OTHER, DIVERGES)
ENDS = {LONG: "done", SHORT: "done", OTHER: "done", DIVERGES: "diverged"}
Begin = Callable[..., Worker]
Rows = dict[ClassifierTrial, tuple[Any, ...]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create(tmp_path / "results")
    publish(store.root, store.leases / "lease.json", b"{}")
    return store


@pytest.fixture
def begin(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    threads = torch.get_num_threads()
    monkeypatch.setattr(module, "REPORT_SECONDS", 0.0)  # a report for every record

    def setup(*trials: ClassifierTrial, seconds: float = 60.0, gpu: float = 0.0) -> Worker:
        job = Job(store.root, tmp_path / "data", "cpu", 1, "", "lease", seconds)
        worker = Worker.__new__(Worker)
        worker.setup({"job": job, "pack": tuple(Assignment.of(t, 1, gpu) for t in trials)})
        return worker

    yield setup
    torch.set_num_threads(threads)


def finish(worker: Worker) -> list[Progress]:
    reports = []
    while True:
        result = worker.step()
        reports += result["progress"]
        if result["done"]:
            return reports


def ends(reports: list[Progress]) -> dict[str, str]:
    """How each trial ended; no trial ends twice."""
    over = [(p.trial_id, p.status) for p in reports if p.status != "running"]
    assert len({trial_id for trial_id, _ in over}) == len(over)
    return dict(over)


def row(store: Store, trial: ClassifierTrial) -> dict[str, Any]:
    (found,) = pq.read_table(store.live_file(trial.trial_id)).to_pylist()
    return dict(found)


def rows(store: Store, trials: tuple[ClassifierTrial, ...] = PACK) -> Rows:
    """Less what depends on the clock."""
    found = {}
    for trial in trials:
        r = row(store, trial)
        epochs = [{**e, "seconds": 0} for e in r["epoch_rows"]]
        found[trial] = (r["status"], r["error"], r["parameters"], epochs, r["step_rows"])
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of each trial alone."""
    folder, threads = tmp_path_factory.mktemp("alone"), torch.get_num_threads()
    store = Store.create(folder)
    for trial in PACK:
        writer = TrialWriter(store, trial, Provenance("", "", "{}"))
        for _, record in TRAINABLES["classifier"].run([trial], Context(folder, "cpu", threads=1)):
            writer.add(record)
    torch.set_num_threads(threads)
    return rows(store)


def test_trials_of_a_pack_end_each_by_itself_with_the_rows_that_they_have_alone(
    store: Store, begin: Begin, expected: Rows
) -> None:
    reports = finish(begin(*PACK))
    assert ends(reports) == {trial.trial_id: end for trial, end in ENDS.items()}
    assert reports[-1].trial_id in (LONG.trial_id, OTHER.trial_id)  # the longest
    assert rows(store) == expected
    assert not list(Path(store.checkpoints).glob("*"))
    last = {p.trial_id: p for p in reports}
    for trial in (LONG, SHORT, OTHER):
        epoch = expected[trial][3][-1]
        assert last[trial.trial_id].epoch == trial.epochs
        assert last[trial.trial_id].test_error == epoch["test_error"]


def test_a_report_is_of_those_trials_that_have_something_new(begin: Begin) -> None:
    worker = begin(*PACK)
    for trial in PACK:  # they start one after the other
        (progress,) = worker.step()["progress"]
        assert progress == Progress(trial.trial_id, "running")


@pytest.mark.parametrize("steps", [2, 20, 80])
def test_a_worker_that_is_killed_is_followed_by_one_that_makes_the_same_rows(
    store: Store, begin: Begin, expected: Rows, steps: int
) -> None:
    killed = begin(*PACK, seconds=0.05)
    for _ in range(steps):
        assert not killed.step()["done"]
    left = tuple(trial for trial in PACK if row(store, trial)["status"] == "running")
    assert LONG in left
    finish(begin(*left))
    assert rows(store) == expected


@pytest.mark.parametrize("steps", [2, 20, 80])
def test_a_worker_that_tune_stops_saves_every_trial_that_has_not_ended(
    store: Store, begin: Begin, expected: Rows, steps: int
) -> None:
    stopped = begin(*PACK)
    for _ in range(steps):
        assert not stopped.step()["done"]
    over = [trial for trial in PACK if row(store, trial)["status"] == ENDS[trial]]
    before = [store.live_file(trial.trial_id).read_bytes() for trial in over]
    stopped.cleanup()
    assert [store.live_file(trial.trial_id).read_bytes() for trial in over] == before
    left = tuple(trial for trial in PACK if row(store, trial)["status"] == "interrupted")
    assert {LONG, OTHER} <= set(left)
    for trial in PACK:
        assert row(store, trial)["status"] in ("interrupted", ENDS[trial])
        assert store.checkpoint_file(trial.trial_id).exists() == (trial in left)
    finish(begin(*left))
    assert rows(store) == expected


def test_a_pack_stops_when_its_launch_asks_for_it(store: Store, begin: Begin) -> None:
    worker = begin(LONG, OTHER)
    worker.step()
    publish(store.root, store.leases / "lease.beat", b'{"count": 1, "stopping": true}')
    module.time.sleep(1.1)
    assert set(ends(finish(worker)).values()) == {"interrupted"}
    assert all(store.checkpoint_file(trial.trial_id).exists() for trial in (LONG, OTHER))


def test_of_a_pack_whose_rows_cannot_be_saved_the_others_are(
    store: Store, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = CheckpointFiles.save

    def refuse(self: CheckpointFiles, trial_id: str, content: bytes) -> None:
        if trial_id == LONG.trial_id:
            raise StoreError("a file", "cannot be written")
        save(self, trial_id, content)

    worker = begin(LONG, OTHER)
    worker.step()
    worker.step()
    monkeypatch.setattr(CheckpointFiles, "save", refuse)
    worker.cleanup()
    assert not store.checkpoint_file(LONG.trial_id).exists()
    assert store.checkpoint_file(OTHER.trial_id).exists()
    assert [row(store, trial)["status"] for trial in (LONG, OTHER)] == ["running", "interrupted"]


def test_a_damaged_checkpoint_is_set_aside_and_its_trial_alone_starts_over(
    store: Store, begin: Begin, expected: Rows
) -> None:
    """Seconds are measured, so equal ones are the very rows that were saved."""
    killed = begin(LONG, OTHER)
    while all(progress.epoch < 3 for progress in killed.step()["progress"]):
        pass
    killed.cleanup()
    saved = {trial: row(store, trial)["epoch_rows"][:2] for trial in (LONG, OTHER)}
    path = store.checkpoint_file(LONG.trial_id)
    damaged = path.read_bytes()[:-100]
    path.write_bytes(damaged)
    reports = finish(begin(LONG, OTHER))
    (note,) = [p.note for p in reports if p.note]
    assert reports[0].note == note
    assert path.name in note
    assert note.endswith("and the trial starts over")
    assert rows(store, (LONG, OTHER)) == {t: expected[t] for t in (LONG, OTHER)}
    assert (store.quarantine / path.name).read_bytes() == damaged
    assert row(store, OTHER)["epoch_rows"][:2] == saved[OTHER]
    assert row(store, LONG)["epoch_rows"][:2] != saved[LONG]


def test_all_checkpoints_of_a_pack_may_be_damaged(
    store: Store, begin: Begin, expected: Rows
) -> None:
    for trial in PACK:
        publish(store.root, store.checkpoint_file(trial.trial_id), b"gensweep, or so it says" * 10)
    reports = finish(begin(*PACK))
    assert [p.trial_id for p in reports if p.note] == [trial.trial_id for trial in PACK]
    assert rows(store) == expected


def test_a_checkpoint_that_is_complained_of_and_is_not_there_is_an_error_like_any_other(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_in_run(monkeypatch, CheckpointError("a checkpoint", "it is damaged"))
    assert ends(finish(begin(LONG))) == {LONG.trial_id: "failed"}
    assert set(ends(finish(begin(LONG, OTHER))).values()) == {UNPACKED}


def raise_in_run(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """All trials start, the first is done, and then comes the error."""

    def run(self: Any, trials: Any, context: Any) -> Iterator[Any]:
        if isinstance(error, CheckpointError):
            raise error
        for trial in trials:
            yield trial.trial_id, Started("here", 1)
            yield trial.trial_id, Steps(1, 0.5)
        yield trials[0].trial_id, Ended("done")
        raise error

    monkeypatch.setattr(type(TRAINABLES["classifier"]), "run", run)


@pytest.mark.parametrize("gpu", [0.0, 0.25, 1.0])
@pytest.mark.parametrize(
    "error", [ValueError("odd"), DeviceMemoryError("a gpu", "is full")], ids=str
)
def test_an_error_fails_no_trial_of_a_pack_and_sends_those_that_have_not_ended_out_alone(
    store: Store, begin: Begin, monkeypatch: pytest.MonkeyPatch, error: Exception, gpu: float
) -> None:
    raise_in_run(monkeypatch, error)
    reports = finish(begin(SHORT, LONG, OTHER, gpu=gpu))
    assert ends(reports) == {
        SHORT.trial_id: "done",
        LONG.trial_id: UNPACKED,
        OTHER.trial_id: UNPACKED,
    }
    what = "ValueError('odd')" if isinstance(error, ValueError) else "a gpu: is full"
    for trial in (LONG, OTHER):
        found = row(store, trial)
        assert found["status"] == "interrupted"
        assert found["error"] == f"it is tried alone: its pack of 3 ended with {what}"
    assert [p.error for p in reports[-2:]] == [found["error"]] * 2
    assert row(store, SHORT)["status"] == "done"


def test_a_store_that_cannot_be_written_ends_the_whole_pack_in_one_report(
    store: Store, begin: Begin
) -> None:
    worker = begin(LONG, OTHER)
    for _ in range(10):
        worker.step()
    (store.leases / "lease.json").unlink()
    reports = finish(worker)
    assert ends(reports) == dict.fromkeys([LONG.trial_id, OTHER.trial_id], UNWRITABLE)
    assert all("another one took over" in p.error for p in reports[-2:])
    assert {row(store, trial)["status"] for trial in (LONG, OTHER)} == {"running"}
