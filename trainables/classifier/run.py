"""The classifier trainable: the paper's training runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import torch

from gensweep.trainables.classifier.checkpoint import Saved, unpack
from gensweep.trainables.classifier.engines.captured import CapturedEngine
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.engines.programs import PROGRAMS
from gensweep.trainables.classifier.engines.protocol import Engine
from gensweep.trainables.classifier.training import Checkpoints, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.device import pick_device
from gensweep.trainables.errors import DeviceMemoryError
from gensweep.trainables.memory import keep_freed_memory
from gensweep.trainables.records import Record

ENGINES: dict[str, Callable[..., Engine]] = {"eager": EagerEngine, "captured": CapturedEngine}


def run(trials: Sequence[ClassifierTrial], context: Context) -> Iterator[tuple[str, Record]]:
    """Train the trials, which must be of equal shape, side by side.

    Raises DataError for a missing dataset, TrialError for a device that is not there,
    CheckpointError for a saved state that cannot be continued, and DeviceMemoryError where the
    accelerator's memory does not suffice.
    """
    if context.threads:
        torch.set_num_threads(context.threads)
    device = pick_device(context.device)
    if device.type == "cpu":
        keep_freed_memory()
    try:
        yield from _fit(trials, context, device)
        return
    except torch.OutOfMemoryError as error:
        what = str(error).partition("\n")[0]
        PROGRAMS.clear()
    # Raised out here, where there is no engine, so that no traceback keeps its memory.
    raise DeviceMemoryError(
        f"device {device}", what, f"trials on it: {len(trials)}", "run fewer side by side"
    )


def _fit(
    trials: Sequence[ClassifierTrial], context: Context, device: torch.device
) -> Iterator[tuple[str, Record]]:
    def saved(trial: ClassifierTrial) -> Saved | None:
        content = context.saved(trial.trial_id)
        return None if content is None else unpack(content, trial)

    make = ENGINES[context.engine]
    settings = context.compile, context.follow_examples
    with closing(make(trials, context.data_dir, device, *settings)) as engine:
        checkpoints = Checkpoints(saved, context.checkpoint_seconds)
        yield from fit(trials, engine, context.should_stop, checkpoints)
