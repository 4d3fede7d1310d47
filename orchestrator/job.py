"""What the driver tells a worker, and what a worker tells the driver."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.trial import ClassifierTrial


@dataclass(frozen=True)
class Job:
    """What every trial of a launch has in common. threads: CPU threads for PyTorch."""

    results: Path
    data: Path
    device: str
    threads: int
    git_commit: str


@dataclass(frozen=True)
class Assignment:
    """One trial for one worker; attempts count from 1."""

    trial_id: str
    trainable: str
    config: dict[str, Any]
    attempt: int

    @classmethod
    def of(cls, trial: ClassifierTrial, attempt: int) -> Assignment:
        return cls(trial.trial_id, trial.trainable, trial.config(), attempt)


@dataclass(frozen=True)
class Progress:
    """Where a trial stands. Errors in [0, 1]; None before the first epoch has ended."""

    trial_id: str
    status: str
    epoch: int = 0
    train_loss: float | None = None
    train_error: float | None = None
    test_error: float | None = None
    error: str = ""
