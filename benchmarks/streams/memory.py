"""Memory and first batch of an epoch over 1.28 million images: `memory.py THREADS FILE ...`."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from photos import Repeated

from gensweep.trainables.classifier.streaming.distortion import Distortion
from gensweep.trainables.classifier.streaming.loader import Loader
from gensweep.trainables.memory import keep_freed_memory

IMAGES, SIDE, BATCH, BATCHES = 1_281_167, 299, 128, 12


def megabytes(name: str) -> float:
    """VmRSS (now) or VmHWM (the most so far) of this process."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def main(threads: int, *paths: str) -> None:
    keep_freed_memory()
    split = Repeated(tuple(Path(path).read_bytes() for path in paths), IMAGES)
    with closing(Loader(split, SIDE, threads, torch.device("cpu"))) as loader:
        before, start = megabytes("VmRSS"), time.perf_counter()
        order = np.random.default_rng(0).permutation(IMAGES)
        indices = (order[at : at + BATCH] for at in range(0, IMAGES, BATCH))
        batches = loader.batches(indices, Distortion(0, 1, crop=True, flip=True, color=True))
        next(batches)
        first = time.perf_counter() - start
        for _ in islice(batches, BATCHES):
            pass
        batches.close()
    print(f"an epoch of {IMAGES:,} images, batches of {BATCH}:")
    print(f"  first batch after {first:.2f} s, {megabytes('VmHWM') - before:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
