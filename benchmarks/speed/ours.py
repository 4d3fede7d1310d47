"""Our trials, run as in a worker."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from typing import Any

from speed.job import Job, Lap

from gensweep.trainables.context import Context
from gensweep.trainables.records import Epoch
from gensweep.trainables.registry import TRAINABLES


def laps(job: Job, *, trials: int = 1, precision: str = "fp32", **context: Any) -> Generator[Lap]:
    """Trials of seeds 0, 1, ... side by side in one engine. `context`: see Context.

    Raises TrialError if the device or engine does not support the trial.
    """
    run = TRAINABLES["classifier"].run(
        [job.trial(seed=seed, precision=precision) for seed in range(trials)],
        Context(job.data_dir, job.device, job.threads, checkpoint_seconds=math.inf, **context),
    )
    start, ended = time.perf_counter(), []
    for _, record in run:
        if isinstance(record, Epoch):
            ended.append(record)
        if len(ended) == trials:
            training = max(epoch.seconds for epoch in ended)
            yield Lap(trials, training, time.perf_counter() - start - training)
            start, ended = time.perf_counter(), []
