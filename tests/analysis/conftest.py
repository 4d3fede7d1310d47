"""What the tests of the analysis share: a folder, and a way to put made-up trials into it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import (
    config_row,
    dataset_row,
    epoch_rows,
    outcome_row,
    sweep_rows,
)
from gensweep.orchestrator.store.schemas import LIVE
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Epoch

STARTED = datetime(2026, 1, 2, 3, 4, 5)
CURVES = {
    "done": (0.5, 0.25, 0.0),
    "diverged": (0.75,),
    "failed": (),
    "running": (0.5, 0.5),
    "interrupted": (0.5,),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "results")


@pytest.fixture(scope="session")
def write() -> Callable[..., ClassifierTrial]:
    """Write a trial that has gone through these training errors, an epoch each.

    Steps are 4 an epoch. What is not said of losses, test errors and seconds follows from the
    training errors; `top5` are training and test errors; `settings` are those of the trial.
    """

    def put(
        store: Store,
        errors: Sequence[float],
        status: str = "done",
        *,
        test_errors: Sequence[float] | None = None,
        losses: Sequence[float] | None = None,
        seconds: Sequence[float] | None = None,
        memorized: Sequence[float] | None = None,
        recovered: Sequence[float] | None = None,
        top5: Sequence[tuple[float, float]] | None = None,
        attempts: int = 1,
        error: str | None = None,
        **settings: Any,
    ) -> ClassifierTrial:
        given = {"model": "mlp_1x512", "randomization": "partial_labels", "epochs": 4, **settings}
        trial = ClassifierTrial(**given)
        curve = [
            Epoch(
                epoch=number,
                step=4 * number,
                lr=trial.lr_in(number),
                train_loss=losses[number - 1] if losses else 2 * train_error,
                train_error=train_error,
                test_loss=1.0,
                test_error=test_errors[number - 1] if test_errors else 0.5 + train_error / 2,
                corrupted_train_error=1 - memorized[number - 1] if memorized else None,
                clean_train_error=train_error,
                memorized_fraction=memorized[number - 1] if memorized else None,
                recovered_fraction=recovered[number - 1] if recovered else None,
                seconds=seconds[number - 1] if seconds else 1.5,
                train_top5_error=top5[number - 1][0] if top5 else None,
                test_top5_error=top5[number - 1][1] if top5 else None,
            )
            for number, train_error in enumerate(errors, start=1)
        ]
        ended = status not in ("running", "interrupted")
        row = {
            **config_row(trial),
            **dataset_row(trial),
            **outcome_row(trial, curve, 2.0 * len(curve)),
            "parameters": 1234,
            "status": status,
            "attempts": attempts,
            "host": "a-host",
            "device": "cpu",
            "git_commit": "0123456789ab",
            "versions": '{"python": "3"}',
            "started_at": STARTED,
            "finished_at": STARTED + timedelta(minutes=trial.seed + 1) if ended else None,
            "error": error,
            "epoch_rows": epoch_rows(curve),
            "step_rows": [{"step": 4 * e.epoch, "train_loss": e.train_loss} for e in curve],
        }
        publish_table(
            store.root, store.live_file(trial.trial_id), pa.Table.from_pylist([row], schema=LIVE)
        )
        return trial

    return put


@pytest.fixture(scope="session")
def announce() -> Callable[..., None]:
    """Write a sweep's list of trials."""

    def put(
        store: Store, sweep: str, trials: Sequence[ClassifierTrial], feeds: Sequence[str] = ()
    ) -> None:
        publish_table(
            store.root,
            store.sweep_file(sweep),
            sweep_rows(sweep, [(trial, feeds) for trial in trials]),
        )

    return put


@pytest.fixture(scope="session")
def folders(
    tmp_path_factory: pytest.TempPathFactory,
    write: Callable[..., ClassifierTrial],
    announce: Callable[..., None],
) -> dict[str, Path]:
    """The same results in three states: nothing, something and everything compacted.

    A trial of every status (seeds 0 to 4), three that are done (50, 50 with weight decay and
    90) and one that is planned. Seed 90 was run twice, and where something is compacted, its first
    attempt is.
    """
    made = {}
    for state in ("live", "mixed", "compacted"):
        store = Store.create(tmp_path_factory.mktemp(state) / "results")
        again = {"seed": 90, "corruption": 0.5}
        if state == "mixed":
            write(store, (0.75, 0.75), "failed", error="an older attempt", **again)
            compact(store)
        trials = [
            write(store, errors, status, seed=seed)
            for seed, (status, errors) in enumerate(CURVES.items())
        ]
        trials.append(write(store, (0.5, 0.0), seed=50))
        if state == "mixed":
            compact(store)
        trials.append(write(store, (0.5, 0.125), seed=50, weight_decay=0.5))
        trials.append(write(store, (0.5, 0.0), attempts=2, **again))
        if state == "compacted":
            compact(store)
        planned = ClassifierTrial(model="alexnet")
        announce(store, "made", [*trials, planned], ["figure_1b", "table_1"])
        announce(store, "small", trials[:1])
        made[state] = store.root
    return made


@pytest.fixture(params=["live", "mixed", "compacted"])
def made(request: pytest.FixtureRequest, folders: dict[str, Path], tmp_path: Path) -> Store:
    """One of the three, free to be changed."""
    return Store.open(Path(shutil.copytree(folders[request.param], tmp_path / "made")))
