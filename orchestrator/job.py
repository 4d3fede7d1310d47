"""The messages between the driver and its workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gensweep.orchestrator.store.location import Location
from gensweep.trainables.datasets import Source
from gensweep.trainables.trial import Trial

OUT_OF_MEMORY = "out of memory"
UNPACKED = "unpacked"
UNWRITABLE = "not written"
DIED = "died"
AGAIN = (OUT_OF_MEMORY, UNPACKED, UNWRITABLE, DIED)  # not final: such a trial runs again


@dataclass(frozen=True)
class Job:
    """The settings that all trials of a launch share.

    threads:            CPU threads for PyTorch.
    engine, compile, follow_examples: as in gensweep.trainables.context.Context.
    lease:              the id of the lease under which the workers write.
    checkpoint_seconds: minimum time between two checkpoints of a trial.
    keep_checkpoints:   whether a trial's last checkpoint stays when the trial is done.
    nice:               niceness of the workers.
    datasets:           what is known of the datasets of the sweep's author.
    ranks, micro_batch: as in gensweep.orchestrator.resources.Resources.
    """

    results: Location
    data: Path
    device: str
    threads: int
    git_commit: str
    lease: str
    checkpoint_seconds: float = 60.0
    keep_checkpoints: bool = False
    engine: str = "eager"
    compile: bool = False
    follow_examples: bool = False
    nice: int = 0
    datasets: Mapping[str, Source] = field(default_factory=dict)
    ranks: int = 1
    micro_batch: int = 0


@dataclass(frozen=True)
class Assignment:
    """One trial for one worker. Attempts count from 1; gpu is its share of a GPU."""

    trial_id: str
    trainable: str
    config: dict[str, Any]
    attempt: int
    gpu: float = 0.0

    @classmethod
    def of(cls, trial: Trial, attempt: int, gpu: float = 0.0) -> Assignment:
        return cls(trial.trial_id, trial.trainable, trial.config(), attempt, gpu)


# The trials that one worker runs side by side: one, or several of equal shape.
Pack = tuple[Assignment, ...]


@dataclass(frozen=True)
class Progress:
    """The progress of a trial. Errors in [0, 1]; None before the first epoch ends.

    status: a status of the store, or OUT_OF_MEMORY if a larger share of the GPU may help, UNPACKED
            if its pack failed and the trial is to run alone, UNWRITABLE if the store could not be
            written, or DIED if its worker did, which only the driver can say.
    note:   a message for the user, shown once.
    measured: the latest measurements in words, if the trial trains no network.
    """

    trial_id: str
    status: str
    epoch: int = 0
    train_loss: float | None = None
    train_error: float | None = None
    test_error: float | None = None
    error: str = ""
    note: str = ""
    measured: str = ""
