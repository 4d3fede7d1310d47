"""The classifier trainable: the paper's training runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import torch

from gensweep.trainables.classifier.checkpoint import Saved, deserialize
from gensweep.trainables.classifier.engines.captured import CapturedEngine, captures
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.engines.lane import StepOptions
from gensweep.trainables.classifier.engines.programs import PROGRAMS
from gensweep.trainables.classifier.engines.protocol import Engine
from gensweep.trainables.classifier.engines.ranked import RankedEngine
from gensweep.trainables.classifier.training import CheckpointPolicy, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.ranks import ALONE
from gensweep.trainables.records import Record
from gensweep.trainables.runner import side_by_side

ENGINES: dict[str, Callable[..., Engine]] = {"eager": EagerEngine, "captured": CapturedEngine}


def run(trials: Sequence[ClassifierTrial], context: Context) -> Iterator[tuple[str, Record]]:
    """Train the trials, which must be of equal shape, side by side.

    Raises DataError for a missing dataset, CheckpointError for a saved state that cannot be
    continued, and what `side_by_side` does.
    """
    return side_by_side(trials, context, _train)


def _train(
    trials: Sequence[ClassifierTrial], context: Context, device: torch.device
) -> Iterator[tuple[str, Record]]:
    def saved(trial: ClassifierTrial) -> Saved | None:
        content = context.saved(trial.trial_id)
        return None if content is None else deserialize(content, trial)

    try:
        with closing(_engine(trials, context, device)) as engine:
            checkpoints = CheckpointPolicy(
                saved, context.checkpoint_seconds, context.checkpoints_asked
            )
            yield from fit(trials, engine, context.should_stop, checkpoints)
    except torch.OutOfMemoryError:
        PROGRAMS.clear()
        raise


def _engine(trials: Sequence[ClassifierTrial], context: Context, device: torch.device) -> Engine:
    ranks = context.ranks or ALONE
    options = StepOptions(context.compile, context.follow_examples, context.micro_batch, ranks)
    if not ranks.alone:
        return RankedEngine(trials, context.data_dir, device, options)
    captured = captures(trials[0]) and not context.micro_batch
    engine = ENGINES[context.engine if captured else "eager"]
    return engine(trials, context.data_dir, device, options)
