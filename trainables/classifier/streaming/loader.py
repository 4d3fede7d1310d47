"""Batches of network inputs, made ahead of their use by threads.

Threads, not processes: reading, decoding and torch's operations release Python's lock. Processes
compute faster, because they share no lock, but lose more than that by handing batches over through
shared memory (docs/performance.md has the figures). Threads start at once, share one copy of
everything, and end with the loader.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gensweep.trainables.classifier.streaming.batch import Batch
from gensweep.trainables.classifier.streaming.buffers import Buffers
from gensweep.trainables.classifier.streaming.distortion import Distortion
from gensweep.trainables.classifier.streaming.windows import Window, central
from gensweep.trainables.datasets.decoding import decode
from gensweep.trainables.errors import DataError

AHEAD = 2  # batches made while the consumer has one


class Encoded(Protocol):
    """One split of a dataset: images as files hold them, JPEG or PNG."""

    def __len__(self) -> int: ...

    def read(self, index: int) -> bytes:
        """Called by several threads at the same time."""
        ...


class Loader:
    """Makes inputs of (3, side, side) from the images of a split, with so many threads.

    On a GPU, threads decode, crop and resize, and the GPU does the rest with whole batches;
    otherwise threads do everything, image by image. Each thread uses one core.
    """

    def __init__(self, split: Encoded, side: int, threads: int, device: torch.device) -> None:
        self._split, self._side, self._threads, self._device = split, side, threads, device
        self._pool = ThreadPoolExecutor(threads, "loader")
        self._buffers = Buffers()
        self._closed = False
        _one_core_each(self._pool, threads)

    def batches(
        self, indices: Iterable[NDArray[np.int64]], distortion: Distortion | None = None
    ) -> Iterator[Tensor]:
        """Inputs float32 (N, 3, side, side) in [-1, 1] on the device, for each array (N,) in order.

        Without a distortion, examples are seen as in evaluation. Inputs are channels-last in memory
        unless colours or rotation need planes.

        At most AHEAD batches are made ahead. Ends at the first example that cannot be read or
        decoded, with a DataError that names its index. Once the iterator is closed or dropped,
        threads stop after the image that they are at.
        """
        source, flying = iter(indices), deque[Batch]()
        start = partial(self._start, distortion=distortion)
        try:
            flying.extend(map(start, islice(source, AHEAD)))
            while flying:
                flying[0].wait()
                flying.extend(map(start, islice(source, 1)))
                yield flying.popleft().inputs()
        except CancelledError:
            raise RuntimeError("the loader is closed") from None
        finally:
            for batch in flying:
                batch.abandon()

    def close(self) -> None:
        """End the threads. An iterator that is not at its end raises RuntimeError."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, indices: NDArray[np.int64], distortion: Distortion | None) -> Batch:
        batch = Batch(indices, self._side, distortion, self._device, self._buffers)
        return batch.start(self._pool, self._threads, self._make)

    def _make(self, batch: Batch, slot: int) -> None:
        if self._closed:
            raise RuntimeError("the loader is closed")
        index = int(batch.indices[slot])
        try:
            image, drawn = decode(self._split.read(index)), None
            height, width = image.shape[1:]
            if batch.distortion is None:
                window = central(height, width)
            else:
                window, drawn = batch.distortion.draw(index, height, width)
            batch.put(slot, resized(image, window, self._side), drawn)
        except (ValueError, OSError) as error:
            raise DataError(f"image {index}", str(error)) from error
        except Exception as error:
            raise RuntimeError(f"image {index}: {type(error).__name__}: {error}") from error


def resized(image: Tensor, window: Window, side: int) -> Tensor:
    """The window of an image (3, H, W) as uint8 (1, 3, side, side), bilinear without antialiasing.

    TensorFlow's `resize_bilinear` of 2016 reads output pixel i at i * scale, torch reads it at
    (i + 0.5) * scale - 0.5: the whole image is moved by (scale - 1) / 2 of its pixels. TensorFlow
    keeps fractions, torch rounds to whole grey levels, first along rows, then along columns, which
    together is less than 1.1 levels.
    """
    top, left, height, width = window
    part = image[None, :, top : top + height, left : left + width]
    # As it lies in memory, torch's fast code does not see that channels are last.
    part = part.contiguous(memory_format=torch.channels_last)
    return functional.interpolate(part, (side, side), mode="bilinear", antialias=False)


def _one_core_each(pool: Executor, threads: int) -> None:
    """Start a pool's threads, and have none of them start helpers for torch's operations.

    torch keeps a number for each thread, which it fixes when it is first asked for, and the last
    number that was set, for threads to come. The latter is put back.
    """
    before, ready = torch.get_num_threads(), threading.Barrier(threads)

    def begin() -> None:
        torch.get_num_threads()
        torch.set_num_threads(1)
        ready.wait()

    for started in [pool.submit(begin) for _ in range(threads)]:
        started.result()
    torch.set_num_threads(before)
