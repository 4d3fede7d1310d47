"""A batch that several threads fill, image by image."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensweep.trainables.classifier.streaming.buffers import Buffers
from gensweep.trainables.classifier.streaming.distortion import COLUMNS, Distortion
from gensweep.trainables.classifier.streaming.finishing import finish, layout


class Batch:
    """Network inputs of indices (N,), as they are made.

    For a GPU, `images` holds resized images (uint8, in memory that the GPU copies from by itself),
    and all else is done there, with the whole batch. Elsewhere it holds network inputs.
    """

    def __init__(
        self,
        indices: NDArray[np.int64],
        side: int,
        distortion: Distortion | None,
        device: torch.device,
        buffers: Buffers,
    ) -> None:
        self.indices, self.distortion = indices, distortion
        self._device, self._staged = device, device.type == "cuda"
        shape = (len(indices), 3, side, side)
        if self._staged:
            self._images = torch.empty(
                shape, dtype=torch.uint8, memory_format=torch.channels_last, pin_memory=True
            )
        else:
            self._images = buffers.empty(shape, layout(distortion))
        self._drawn = np.zeros((len(indices), len(COLUMNS)), np.float32)
        self._slots, self._stopped = count(), False
        self._futures: list[Future[None]] = []

    def start(self, pool: Executor, threads: int, make: Callable[[Batch, int], None]) -> Batch:
        """Let threads call make(self, slot) for every slot in [0, N), until one fails."""
        threads = min(threads, len(self.indices))
        self._futures = [pool.submit(self._work, make) for _ in range(threads)]
        return self

    def _work(self, make: Callable[[Batch, int], None]) -> None:
        try:
            while not self._stopped and (slot := next(self._slots)) < len(self.indices):
                make(self, slot)
        except BaseException:
            self._stopped = True
            raise

    def put(self, slot: int, image: Tensor, drawn: NDArray[np.float32] | None) -> None:
        """The resized image, uint8 (1, 3, side, side), and its row of COLUMNS."""
        if drawn is not None:
            self._drawn[slot] = drawn
        own = slice(slot, slot + 1)
        if self._staged:
            self._images[own] = image
        else:
            finish(image, self._drawn[own], self.distortion, self._images[own])

    def wait(self) -> None:
        """Until all is made. Raises what a thread raised, CancelledError if the pool is closed."""
        for future in self._futures:
            future.result()

    def inputs(self) -> Tensor:
        """On the device; what is left to do there may be still under way."""
        if not self._staged:
            return self._images.to(self._device)
        images = self._images.to(self._device, non_blocking=True)
        out = torch.empty(images.shape, device=self._device, memory_format=layout(self.distortion))
        finish(images, self._drawn, self.distortion, out)
        return out

    def abandon(self) -> None:
        """Return once no thread works on it any more."""
        self._stopped = True
        wait([future for future in self._futures if not future.cancel()])
