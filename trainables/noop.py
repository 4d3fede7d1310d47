"""The trainable that computes nothing, to measure the overhead of running trials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.records import Ended, Epoch, Record, Started, Steps


class NoopTrial(ClassifierTrial):
    """A trial that is planned, run and stored like any other."""

    trainable: ClassVar[str] = "noop"

    @property
    def cost(self) -> int:
        return 0


def run(trials: Sequence[ClassifierTrial], context: Context) -> Iterator[tuple[str, Record]]:
    """One epoch of one step each, in which nothing is learned."""
    for trial in trials:
        yield trial.trial_id, Started(device=context.device, parameters=0)
        yield trial.trial_id, Steps(step=1, train_loss=1.0)
        yield (
            trial.trial_id,
            Epoch(
                epoch=1,
                step=1,
                lr=trial.lr,
                train_loss=1.0,
                train_error=0.9,
                test_loss=1.0,
                test_error=0.9,
                corrupted_train_error=None,
                clean_train_error=0.9,
                memorized_fraction=None,
                recovered_fraction=None,
                seconds=1e-9,
            ),
        )
        yield trial.trial_id, Ended("done")
