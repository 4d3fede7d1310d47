"""One Ray Tune experiment: a grid with one dimension, the pack of trials."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ray import tune
from ray._private import worker

from gensweep.orchestrator.deaths import logs_of, why_died
from gensweep.orchestrator.display import Display
from gensweep.orchestrator.job import DIED, UNWRITABLE, Job, Pack, Progress
from gensweep.orchestrator.scratch import removed
from gensweep.orchestrator.worker import Worker
from gensweep.trainables.status import Status

STRIKES = 3  # packs in a row with unwritable rows, after which the Tuner ends


def run_tuner(
    job: Job,
    packs: Sequence[Pack],
    cpu: float,
    workers: int,
    display: Display,
    should_stop: Callable[[], bool],
) -> dict[str, Progress]:
    """Run the packs, which get equal shares of a GPU, on the connected Ray.

    `workers` is the initial number of packs that run at a time. Ends early when `should_stop`,
    which is polled, returns True, or when the store can no longer be written. Returns the last
    reported progress of each trial, or why its worker died; results are in the store, and Tune's
    own record is discarded.
    """
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(workers + 1)
    stopper, callback = _Stopper(should_stop), DisplayCallback(display)
    with removed(Path(tempfile.mkdtemp(prefix="gensweep-tune-"))) as folder:
        tune.Tuner(
            tune.with_resources(Worker, _bundles(cpu, packs[0][0].gpu, job.ranks)),
            param_space={"job": job, "pack": tune.grid_search(list(packs))},
            tune_config=tune.TuneConfig(reuse_actors=True),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=str(folder),
                stop=stopper,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[callback],
                verbose=0,
            ),
        ).fit()
    return stopper.last | callback.died


def _bundles(cpu: float, gpu: float, ranks: int) -> tune.PlacementGroupFactory:
    """What each rank gets; Ray puts them on as few nodes as it can."""
    share = {"CPU": float(cpu), "GPU": min(gpu, 1.0)}
    return tune.PlacementGroupFactory([share] * ranks, strategy="PACK")


class _Here:
    """Tune copies its callbacks to disk; ours refer to the terminal and must be left out."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class _Stopper(_Here, tune.Stopper):
    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self._strikes = 0
        self.last: dict[str, Progress] = {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        news: Sequence[Progress] = result["progress"]
        self.last |= {progress.trial_id: progress for progress in news}
        if ended := {progress.status for progress in news} - {Status.RUNNING}:
            self._strikes = self._strikes + 1 if ended == {UNWRITABLE} else 0
        return False

    def stop_all(self) -> bool:
        return self._strikes >= STRIKES or self._should_stop()


def _said(trial: Any) -> str:
    """What ended the trial, as Tune has it; its own accessors look where it is copied to later."""
    file = trial.error_file
    return Path(file).read_text(encoding="utf-8") if file and Path(file).exists() else ""


class DisplayCallback(_Here, tune.Callback):
    """Passes the progress that Tune receives to the display."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._ended: set[str] = set()
        self.died: dict[str, Progress] = {}

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        for assignment in trial.config["pack"]:
            self._display.started(assignment.trial_id)

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        news: Sequence[Progress] = result["progress"]
        for progress in news:
            if progress.note:
                self._display.said(progress.note)
            if progress.status != Status.RUNNING:
                self._ended.add(progress.trial_id)
            self._display.progressed(progress)

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        reason = why_died(_said(trial), logs_of(worker))
        for assignment in trial.config["pack"]:
            trial_id = assignment.trial_id
            if trial_id not in self._ended:
                self.died[trial_id] = Progress(trial_id, DIED, error=reason)
                self._display.lost(trial_id, reason)
