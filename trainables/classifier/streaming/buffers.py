"""Memory for batches in main memory."""

from __future__ import annotations

import weakref

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Buffers:
    """Float32 tensors in memory that is used again once no tensor uses it.

    The C library returns the memory of a whole batch to the system, which clears every page before
    the next use; that would take a third of the time that decoding does. NumPy's memory consists
    of large pages where the system has them, so that new memory is cheaper too.
    """

    def __init__(self) -> None:
        self._free: list[NDArray[np.float32]] = []

    def empty(self, shape: tuple[int, int, int, int], layout: torch.memory_format) -> Tensor:
        size = int(np.prod(shape))
        memory = self._free.pop() if self._free else np.empty(0, np.float32)
        if memory.size < size:
            memory = np.empty(size, np.float32)
        # The tensor's storage, which all its views share, holds the lease, and only that does.
        lease = memory[:size]
        weakref.finalize(lease, self._free.append, memory).atexit = False
        flat = torch.from_numpy(lease)
        if layout == torch.contiguous_format:
            return flat.view(shape)
        images, channels, height, width = shape
        return flat.view(images, height, width, channels).permute(0, 3, 1, 2)
