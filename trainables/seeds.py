"""Independent random streams, all derived from a trial's seed.

Every stream is addressed by name and, where it advances with training, by epoch.
No state carries over from one epoch to the next, so a trial resumed at the end of an epoch draws
exactly the numbers of an uninterrupted one. Within an epoch, a checkpoint holds the state of the
streams.
"""

from __future__ import annotations

import zlib

import numpy as np


def _sequence(seed: int, stream: str, *position: int) -> np.random.SeedSequence:
    return np.random.SeedSequence([seed, zlib.crc32(stream.encode()), *position])


def generator(seed: int, stream: str, *position: int) -> np.random.Generator:
    """A NumPy generator for one stream. Philox: counter-based, the same on every platform."""
    return np.random.Generator(np.random.Philox(_sequence(seed, stream, *position)))


def torch_seed(seed: int, stream: str, *position: int) -> int:
    """A 63-bit seed for a ``torch.Generator``, in [0, 2**63)."""
    return int(_sequence(seed, stream, *position).generate_state(1, np.uint64)[0] >> np.uint64(1))
