"""What every trainable leaves to one policy: threads, device, memory, and how a trial ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import torch

from gensweep.trainables.context import Context
from gensweep.trainables.device import pick_device, set_precision
from gensweep.trainables.errors import DeviceMemoryError, TrialError
from gensweep.trainables.memory import keep_freed_memory
from gensweep.trainables.records import Ended, Record
from gensweep.trainables.trial import Trial

T = TypeVar("T", bound=Trial)
Records = Iterator[tuple[str, Record]]


class StoppedError(Exception):
    """The trial was told to stop."""


class DivergedError(Exception):
    """The trial's training loss is no longer finite."""


def side_by_side(
    trials: Sequence[T],
    context: Context,
    train: Callable[[Sequence[T], Context, torch.device], Records],
) -> Records:
    """Run trials together on one device.

    Raises TrialError for a device that is not there or has no float64 for a trial that needs it,
    and DeviceMemoryError where the accelerator's memory does not suffice.
    """
    if context.threads:
        torch.set_num_threads(context.threads)
    device = _device(trials, context.device)
    if device.type == "cpu":
        keep_freed_memory()
    try:
        yield from train(trials, context, device)
        return
    except torch.OutOfMemoryError as error:
        what = str(error).partition("\n")[0]
    # Raised out here, so that no traceback keeps the memory of what was computed.
    todo = "run fewer side by side" if len(trials) > 1 else "make the trial smaller"
    raise DeviceMemoryError(f"device {device}", what, f"trials on it: {len(trials)}", todo)


def one_by_one(
    trials: Sequence[T],
    context: Context,
    measure: Callable[[T, Context, torch.device], Iterator[Record]],
) -> Records:
    """Run trials one after the other; one that is stopped starts over when it is run again.

    measure: yields all records of a trial but its end. It raises StoppedError or DivergedError
             where that comes early. TF32 is off when it begins.

    Raises what `side_by_side` does.
    """
    for trial in trials:
        yield from side_by_side([trial], context, partial(_to_its_end, measure))


def _to_its_end(
    measure: Callable[[T, Context, torch.device], Iterator[Record]],
    trials: Sequence[T],
    context: Context,
    device: torch.device,
) -> Records:
    (trial,) = trials
    set_precision("fp32")
    ended = Ended("done")
    try:
        for record in measure(trial, context, device):
            yield trial.trial_id, record
    except StoppedError as stopped:
        ended = Ended("interrupted", str(stopped))
    except DivergedError as diverged:
        ended = Ended("diverged", str(diverged))
    yield trial.trial_id, ended


def _device(trials: Sequence[Trial], name: str) -> torch.device:
    """Apple's GPUs have no float64: `auto` is then the CPU."""
    device = pick_device(name)
    if device.type != "mps" or not any(trial.needs_float64 for trial in trials):
        return device
    if name != "auto":
        raise TrialError("device", f"{name} has no float64", "cpu, cuda")
    return torch.device("cpu")
