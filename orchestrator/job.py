"""What the driver tells a worker, and what a worker tells the driver."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gensweep.orchestrator.store.location import Location
from gensweep.trainables.trial import Trial

OUT_OF_MEMORY = "out of memory"
UNPACKED = "unpacked"
UNWRITABLE = "not written"
AGAIN = (OUT_OF_MEMORY, UNPACKED, UNWRITABLE)  # no ends: such a trial is run again


@dataclass(frozen=True)
class Job:
    """What every trial of a launch has in common.

    threads:            CPU threads for PyTorch.
    engine, compile, follow_examples: as gensweep.trainables.registry.Context has them.
    lease:              the id of the lease under which the workers write.
    checkpoint_seconds: least time between two checkpoints of a trial.
    keep_checkpoints:   whether the last one of a trial stays when it is done.
    nice:               niceness of the workers.
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


@dataclass(frozen=True)
class Assignment:
    """One trial for one worker. Attempts count from 1; gpu is the share of a GPU that it gets."""

    trial_id: str
    trainable: str
    config: dict[str, Any]
    attempt: int
    gpu: float = 0.0

    @classmethod
    def of(cls, trial: Trial, attempt: int, gpu: float = 0.0) -> Assignment:
        return cls(trial.trial_id, trial.trainable, trial.config(), attempt, gpu)


# What one worker runs side by side: one trial, or several of equal shape.
Pack = tuple[Assignment, ...]


@dataclass(frozen=True)
class Progress:
    """Where a trial stands. Errors in [0, 1]; None before the first epoch has ended.

    status: one that a trial has in the store, or OUT_OF_MEMORY where a larger share of the GPU
            may help, UNPACKED where its pack could not go on and it is to be tried alone, or
            UNWRITABLE where the store did not take the rows.
    note:   what a person should know of it, once.
    measured: its latest measurements in words, of a trial that trains no network.
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
