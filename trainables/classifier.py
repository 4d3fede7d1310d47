"""The classifier trainable: the paper's training runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from trainables.engines.eager import EagerEngine
from trainables.errors import TrialError
from trainables.records import Record
from trainables.registry import Context
from trainables.training import fit
from trainables.trial import ClassifierTrial


def run(trials: Sequence[ClassifierTrial], context: Context) -> Iterator[tuple[str, Record]]:
    """Train the trials, which must be of equal shape, side by side.

    Raises DataError for a missing dataset and TrialError for a device that is not there.
    """
    if context.threads:
        torch.set_num_threads(context.threads)
    engine = EagerEngine(trials, context.data_dir, pick_device(context.device))
    yield from fit(trials, engine, context.should_stop)


def pick_device(name: str) -> torch.device:
    """`auto` is the first of cuda, mps and cpu that is there."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, there in available.items() if there)
    if not available.get(name, False):
        there = ", ".join(kind for kind, yes in available.items() if yes)
        raise TrialError("device", f"{name} is not available here", f"available: {there}")
    return torch.device(name)
