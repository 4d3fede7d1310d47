"""A worker turns a trial's records into rows and reports, whatever becomes of the trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from gensweep.orchestrator import worker as module
from gensweep.orchestrator.job import UNWRITABLE, Assignment, Job, Progress
from gensweep.orchestrator.store.files import publish
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.worker import Worker
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended
from gensweep.trainables.registry import TRAINABLES

SHORT = ClassifierTrial(model="mlp_1x512", dataset="synthetic", epochs=2)
DIVERGES = ClassifierTrial(model="mlp_1x512", dataset="synthetic", lr=1e30)
NO_DATA = ClassifierTrial(model="mlp_1x512", dataset="cifar10")
Begin = Callable[..., Worker]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "results")


@pytest.fixture
def begin(store: Store, tmp_path: Path) -> Iterator[Begin]:
    """A worker with its first trial, as Tune sets it up in an actor's process."""
    threads = torch.get_num_threads()
    lease = "0123456789ab"
    publish(store.root, store.leases / f"{lease}.json", b"{}")

    def setup(trial: ClassifierTrial, attempt: int = 1) -> Worker:
        worker = Worker.__new__(Worker)
        worker.setup(config(trial, attempt))
        return worker

    def config(trial: ClassifierTrial, attempt: int = 1) -> dict[str, Any]:
        job = Job(store.root, tmp_path / "data", "cpu", 1, "abc", lease)
        return {"job": job, "pack": (Assignment.of(trial, attempt),)}

    setup.config = config  # type: ignore[attr-defined]
    yield setup
    torch.set_num_threads(threads)


def finish(worker: Worker) -> list[Progress]:
    reports = []
    while True:
        result = worker.step()
        (progress,) = result["progress"]
        reports.append(progress)
        assert result["done"] == (progress.status != "running")
        if result["done"]:
            return reports


def row(store: Store, trial: ClassifierTrial) -> dict[str, Any]:
    (found,) = pq.read_table(store.live_file(trial.trial_id)).to_pylist()
    return dict(found)


def test_a_trial_is_running_before_its_data_are_loaded(
    store: Store, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look() -> Iterator[tuple[str, Ended]]:
        seen.append(row(store, SHORT))
        yield SHORT.trial_id, Ended("done")

    worker = begin(SHORT, attempt=2)
    monkeypatch.setattr(worker, "_start", look)
    finish(worker)
    (found,) = seen
    assert (found["status"], found["attempts"], found["git_commit"]) == ("running", 2, "abc")
    assert (found["device"], found["epochs"], found["epoch_rows"]) == (None, 0, [])


def test_a_worker_that_is_set_up_and_never_used_writes_nothing(store: Store, begin: Begin) -> None:
    finish(begin(SHORT))
    done = row(store, SHORT)
    begin(SHORT)  # as Tune does, when another worker turns out to be free sooner
    assert row(store, SHORT) == done


def test_the_last_report_has_the_figures_of_the_last_epoch(store: Store, begin: Begin) -> None:
    last = finish(begin(SHORT))[-1]
    epoch = row(store, SHORT)["epoch_rows"][-1]
    loss = row(store, SHORT)["step_rows"][-1]["train_loss"]
    errors = (epoch["train_error"], epoch["test_error"])
    assert last == Progress(SHORT.trial_id, "done", 2, loss, *errors)


def test_while_a_trial_runs_it_is_reported_as_often_as_asked(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REPORT_SECONDS", 0.0)
    reports = finish(begin(SHORT))
    assert [r.status for r in reports[:-1]] == ["running"] * (len(reports) - 1)
    # start, steps, epoch, steps, epoch, measures, end
    assert [r.epoch for r in reports] == [0, 1, 1, 2, 2, 2, 2]
    assert reports[0] == Progress(SHORT.trial_id, "running")
    assert reports[1].train_loss is not None
    assert reports[1].train_error is None


def test_a_worker_runs_one_trial_after_the_other(store: Store, begin: Begin) -> None:
    worker = begin(SHORT)
    finish(worker)
    assert worker.reset_config(begin.config(DIVERGES))  # type: ignore[attr-defined]
    last = finish(worker)[-1]
    assert (last.trial_id, last.status) == (DIVERGES.trial_id, "diverged")
    assert last.error == row(store, DIVERGES)["error"] == "training loss is nan at step 4"
    assert last.train_error is None
    assert row(store, SHORT)["status"] == "done"


def test_a_mistake_that_a_person_can_mend_is_reported_in_its_own_words(
    store: Store, begin: Begin
) -> None:
    (report,) = finish(begin(NO_DATA))
    assert report.status == row(store, NO_DATA)["status"] == "failed"
    assert report.error.startswith("dataset cifar10: is not there in ")
    assert "gensweep data prepare cifar10" in report.error
    assert row(store, NO_DATA)["error"].startswith("Traceback (most recent call last):")


def test_any_other_error_is_reported_by_its_name_in_one_line(
    store: Store, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: Any) -> Iterator[Any]:
        raise RuntimeError("line 1\nline 2")
        yield

    monkeypatch.setattr(type(TRAINABLES["classifier"]), "run", run)
    (report,) = finish(begin(SHORT))
    assert report.error == r"RuntimeError('line 1\nline 2')"
    assert row(store, SHORT)["error"].endswith("RuntimeError: line 1\nline 2\n")


def test_a_store_that_cannot_be_written_is_left_to_the_driver(store: Store, begin: Begin) -> None:
    worker = begin(SHORT)
    store.live.rmdir()
    store.live.write_text("a file in the way")
    (report,) = finish(worker)
    assert report.status == UNWRITABLE
    assert "cannot be written" in report.error


def test_a_trial_that_stops_without_a_word_is_an_error(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(TRAINABLES["classifier"]), "run", lambda *_: iter(()))
    with pytest.raises(RuntimeError, match=f"trial {SHORT.trial_id} reported no end"):
        begin(SHORT).step()


def test_an_assignment_names_the_trial_that_its_config_describes() -> None:
    assignment = Assignment.of(DIVERGES, attempt=3)
    assert (assignment.trial_id, assignment.attempt) == (DIVERGES.trial_id, 3)
    assert TRAINABLES[assignment.trainable].config(**assignment.config) == DIVERGES
