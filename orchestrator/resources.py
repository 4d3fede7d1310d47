"""The table [resources] of a sweep file: with what trials run, and how; never what they compute."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from gensweep.trainables.names import brief, unknown

AUTO = "auto"
LONGEST, FILE = "longest", "file"
_MOST = 10**9  # of anything: more than there is, and still exact in every format
_LEAST = 0.01  # of a CPU or GPU: Ray counts ten-thousandths
_CHOICES = {
    "device": (AUTO, "cpu", "cuda", "mps"),
    "engine": (AUTO, "eager", "captured"),
    "order": (LONGEST, FILE),
}


@dataclass(frozen=True)
class Resources:
    """What one worker gets, in CPUs and GPUs (fractions allowed), and how it runs its trials.

    workers:            how many processes train a trial together, as its ranks, each with `cpu`
                        CPUs and, if the trial has GPUs, one of them. `gpu = 8` alone means 8.
    micro_batch:        how many examples of a batch each of them has in memory at a time; 0 is all.
    nice:               niceness of the workers, 0 to 19: how far they give way to other processes.
    engine:             how steps run; `auto` is resolved by `chosen_engine`.
    compile:            whether torch.compile makes the kernels of a step.
    pack:               how many trials of equal shape a worker may run side by side.
    order:              which trials run first: the longest, or those of the first grid in the file.
    checkpoint_seconds: minimum time between two checkpoints of a trial.
    keep_checkpoints:   whether the last checkpoint stays when the trial is done.
    follow_examples:    whether trials record when each training example was learned.
    """

    cpu: float = 1.0
    gpu: float = 0.0
    device: str = AUTO
    nice: int = 0
    engine: str = AUTO
    compile: bool = False
    pack: int | str = AUTO
    order: str = LONGEST
    checkpoint_seconds: float = 60.0
    keep_checkpoints: bool = False
    follow_examples: bool = False
    workers: int = 0
    micro_batch: int = 0

    @property
    def ranks(self) -> int:
        """How many processes train a trial together."""
        return self.workers or max(1, int(self.gpu))

    @property
    def gpu_of_a_rank(self) -> float:
        return min(self.gpu, 1.0)

    @property
    def chosen_engine(self) -> str:
        """The engine that workers use. `auto` is eager: captured is experimental until a GPU has
        shown it.
        """
        return "eager" if self.engine == AUTO else self.engine


RESOURCES = tuple(f.name for f in fields(Resources))


def problem(key: str, value: Any) -> tuple[str, str] | None:
    """(what is wrong, what is allowed) for a key's value; None if the value is valid."""
    match key:
        case "device" | "engine" | "order":
            known = _CHOICES[key]
            return None if value in known else unknown(key, value, known)
        case "compile" | "keep_checkpoints" | "follow_examples":
            right, allowed = isinstance(value, bool), "true or false"
        case "pack":
            right = value == AUTO or (type(value) is int and 1 <= value <= _MOST)
            allowed = f"auto, or a whole number, at least 1, at most {_MOST}"
        case "workers" | "micro_batch":
            right = type(value) is int and 0 <= value <= _MOST
            allowed = f"a whole number, at least 0, at most {_MOST}"
        case "cpu":
            number = type(value) in (int, float) and value <= _MOST
            right = number and (value == 0.0 or value >= _LEAST)
            allowed = f"a number, at least {_LEAST} or 0, at most {_MOST}"
        case "gpu":
            number = type(value) in (int, float) and value <= _MOST
            part = number and (value == 0.0 or _LEAST <= value <= 1.0)
            right = part or (number and value >= 1.0 and value == int(value))
            allowed = (
                f"a number up to 1, or a whole number, at most {_MOST}; at least {_LEAST} or 0"
            )
        case "nice":
            right, allowed = type(value) is int and 0 <= value <= 19, "a whole number, 0 to 19"
        case _:
            right = type(value) in (int, float) and 0.0 <= value <= _MOST
            allowed = f"a number, at least 0, at most {_MOST}"
    return None if right else (f"{brief(value)} is not valid", allowed)
