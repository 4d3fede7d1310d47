"""The kinds of trial there are. Looking one up imports no torch; running one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.kernel.trial import KernelTrial
from gensweep.trainables.min_norm.trial import MinNormTrial
from gensweep.trainables.noop import NoopTrial
from gensweep.trainables.records import Record
from gensweep.trainables.trial import Trial


@dataclass(frozen=True)
class Context:
    """Where a trial runs; never part of what it computes.

    device:             auto, cpu, cuda or mps.
    threads:            CPU threads for PyTorch; 0 leaves its default.
    engine:             eager, or captured: on CUDA each step is one replay of a graph.
    compile:            whether torch.compile makes the step's kernels; takes a minute or more.
    should_stop:        asked after every optimizer step, so it must be quick; True ends the
                        trial as interrupted.
    checkpoint_seconds: least time between two checkpoints of a trial; inf for none but the one
                        of an interruption.
    saved:              by trial_id, the content of the checkpoint to continue from, if any.
    follow_examples:    whether trials report when each training example was learned.
    """

    data_dir: Path
    device: str = "auto"
    threads: int = 0
    engine: str = "eager"
    compile: bool = False
    should_stop: Callable[[], bool] = lambda: False
    checkpoint_seconds: float = 60.0
    saved: Callable[[str], bytes | None] = lambda trial_id: None
    follow_examples: bool = False


@dataclass(frozen=True)
class Trainable:
    """A frozen config class, and `run(trials, context) -> Iterator[(trial_id, Record)]`."""

    config: type[Trial]
    location: str

    def run(self, trials: Sequence[Trial], context: Context) -> Iterator[tuple[str, Record]]:
        module, function = self.location.split(":")
        records: Iterator[tuple[str, Record]] = getattr(import_module(module), function)(
            trials, context
        )
        return records


TRAINABLES: dict[str, Trainable] = {
    "classifier": Trainable(ClassifierTrial, "gensweep.trainables.classifier.run:run"),
    "expressivity": Trainable(ExpressivityTrial, "gensweep.trainables.expressivity.run:run"),
    "min_norm": Trainable(MinNormTrial, "gensweep.trainables.min_norm.run:run"),
    "kernel": Trainable(KernelTrial, "gensweep.trainables.kernel.run:run"),
    "capacity": Trainable(CapacityTrial, "gensweep.trainables.capacity.run:run"),
    "noop": Trainable(NoopTrial, "gensweep.trainables.noop:run"),
}


def trial_from_config(trainable: str, config: Mapping[str, Any]) -> Trial:
    """The trial that `Trial.config()` describes."""
    return TRAINABLES[trainable].config(**config)
