"""Checks before a trial starts whether it fits into memory, and reserves the memory."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

import torch
from torch import Tensor

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.kernel.cholesky import BLOCK, Pause
from gensweep.trainables.kernel.convolutional import filter_bytes
from gensweep.trainables.kernel.explicit import TILE
from gensweep.trainables.kernel.random_features import BLOCK_BYTES
from gensweep.trainables.kernel.trial import KernelTrial

DTYPES = {"fp32": torch.float32, "fp64": torch.float64}
_PERIOD = 1.0  # seconds between two checks of the memory
_GROUPS = "/sys/fs/cgroup"
# The limit and the usage of a container's memory: control groups version 2, then version 1.
_LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


class Room:
    """Memory for a trial's matrix (n, n). Whoever takes it holds the only reference."""

    def __init__(self, trial: KernelTrial, device: torch.device) -> None:
        shape = trial.examples, trial.examples
        matrix = torch.empty(shape, dtype=DTYPES[trial.precision], device=device)
        self._matrix = [matrix.zero_()]  # the system allocates memory on the first write

    def take(self) -> Tensor:
        return self._matrix.pop()


@contextmanager
def room(trial: KernelTrial, device: torch.device, pause: Pause) -> Iterator[Room]:
    """Reserve memory, so that no other kernel trial on this machine counts it as free.

    Waits for running trials if their memory is needed. Raises TrialError, with the n that would
    fit, if the trial would not fit even without them.
    """
    with _lock_file("trials") as trials:
        while (found := _attempt(trial, device, trials)) is None:
            pause()
            time.sleep(_PERIOD)
        yield found
        if device.type == "cuda":
            torch.cuda.empty_cache()


def _attempt(trial: KernelTrial, device: torch.device, trials: IO[str]) -> Room | None:
    """Allocate the memory and count as a running trial; None if others must end first."""
    with _lock_file("memory") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        try:
            check(trial, free_bytes(device), str(device))
        except TrialError:
            if _alone(trials):
                raise
            return None
        fcntl.flock(trials, fcntl.LOCK_SH)
        return Room(trial, device)


def _alone(trials: IO[str]) -> bool:
    try:
        fcntl.flock(trials, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(trials, fcntl.LOCK_UN)
    return True


def _lock_file(name: str) -> IO[str]:
    """A file to lock; closing it, or the end of the process, releases the lock."""
    path = Path(tempfile.gettempdir()) / f"gensweep-kernel-{os.getuid()}-{name}.lock"
    return path.open("w", encoding="utf-8")


def check(trial: KernelTrial, free: float, where: str) -> None:
    """Raises TrialError, with the n that would fit, if the trial needs more than `free` bytes."""
    if needed_bytes(trial, trial.examples) <= free:
        return
    fits = largest(trial, free)
    allowed = f"at most n = {fits} fits" if fits else "no n fits"
    if trial.precision == "fp64":
        half = type(trial)(**{**trial.settings(), "precision": "fp32"})
        allowed += f', with precision = "fp32" n = {largest(half, free)}'
    needs = f"{_gb(needed_bytes(trial, trial.examples))} in {trial.precision}"
    raise TrialError(
        f"n = {trial.examples}", f"needs {needs}, and {_gb(free)} are free on {where}", allowed
    )


def largest(trial: KernelTrial, free: float) -> int:
    """The largest n, up to the trial's own, that needs at most `free` bytes."""
    sizes = range(1, trial.examples + 1)
    return bisect_right(sizes, free, key=partial(needed_bytes, trial))


def needed_bytes(trial: KernelTrial, n: int) -> int:
    """Bytes of the matrix with n examples, of the examples, and of temporary arrays."""
    source = DATASETS[trial.dataset]
    item = DTYPES[trial.precision].itemsize
    images = n + source.test
    examples = 3 * 4 * trial.dimensions * images  # as images, as features and in between
    if trial.model == "random_features":
        passing = 2 * item * BLOCK_BYTES // 4 + filter_bytes(trial.filters, source.channels)
    else:
        passing = item * n * trial.dimensions + 4 * 8 * TILE * (TILE + trial.dimensions)
    columns = 8 * 8 * n * (source.classes + 1)
    return item * n * n + examples + passing + columns + 2 * item * n * BLOCK


def free_bytes(device: torch.device) -> float:
    """Bytes that a process may still allocate; inf if unknown."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return float(torch.cuda.mem_get_info(device)[0] + cached)
    return min(_available("/proc/meminfo"), _left_in_group(_GROUPS))


def _available(meminfo: str) -> float:
    with suppress(OSError):
        for line in Path(meminfo).read_text("utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    return float("inf")


def _left_in_group(folder: str) -> float:
    """Bytes that a container may still allocate; its page cache counts as used."""
    left = float("inf")
    for names in _LIMITS:
        with suppress(OSError, ValueError):  # not there, or `max`
            limit, used = (int((Path(folder) / name).read_text("utf-8")) for name in names)
            left = min(left, limit - used)
    return left


def _gb(count: float) -> str:
    return f"{count / 1e9:.1f} GB"
