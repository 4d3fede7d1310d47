"""One Ray Tune experiment: a grid with one dimension, the trial."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any

from ray import tune

from orchestrator.display import Display
from orchestrator.interrupt import Interrupt
from orchestrator.job import Assignment, Job
from orchestrator.spec import Resources
from orchestrator.worker import Worker


def run_tuner(
    job: Job,
    assignments: Sequence[Assignment],
    resources: Resources,
    lanes: int,
    display: Display,
    interrupt: Interrupt,
) -> None:
    """Run the assignments on the connected Ray, `lanes` at a time, until done or interrupted.

    What came of them is in the store; Tune's own record is thrown away.
    """
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(lanes + 1)
    folder = tempfile.mkdtemp(prefix="gensweep-tune-")
    try:
        tune.Tuner(
            tune.with_resources(Worker, {"cpu": resources.cpu, "gpu": resources.gpu}),
            param_space={"job": job, "assignment": tune.grid_search(list(assignments))},
            tune_config=tune.TuneConfig(reuse_actors=True),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=folder,
                stop=_StopOnInterrupt(interrupt),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                callbacks=[_Tell(display)],
                verbose=0,
            ),
        ).fit()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Here:
    """Tune keeps copies of its parts on disk; ours hold on to the terminal, and stay behind."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class _StopOnInterrupt(_Here, tune.Stopper):
    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._interrupt.requested


class _Tell(_Here, tune.Callback):
    """Passes on what Tune learns of the trials."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        self._display.started(trial.config["assignment"].trial_id)

    def on_trial_result(
        self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        self._display.progressed(result["progress"])

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        self._display.lost(trial.config["assignment"].trial_id)
