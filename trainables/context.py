"""Where trials run, and who is asked and told while they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gensweep.trainables.ranks import Ranks


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
    checkpoints_asked:  how often, so far, trials were asked to save themselves and go on; read
                        after every optimizer step.
    saved:              by trial_id, the content of the checkpoint to continue from, if any.
    follow_examples:    whether trials report when each training example was learned.
    micro_batch:        how many examples of a batch are in memory at a time; 0 is all.
    ranks:              the processes that train a trial together; None where this one is alone.
    """

    data_dir: Path
    device: str = "auto"
    threads: int = 0
    engine: str = "eager"
    compile: bool = False
    should_stop: Callable[[], bool] = lambda: False
    checkpoint_seconds: float = 60.0
    checkpoints_asked: Callable[[], int] = lambda: 0
    saved: Callable[[str], bytes | None] = lambda trial_id: None
    follow_examples: bool = False
    micro_batch: int = 0
    ranks: Ranks | None = None
