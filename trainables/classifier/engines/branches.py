"""Runs independent work side by side."""

from __future__ import annotations

from collections.abc import Callable

import torch


class Branches:
    """Runs the same work for several slots, on CUDA each on its own stream."""

    def __init__(self, device: torch.device, count: int) -> None:
        self._count = count
        self._streams: list[torch.cuda.Stream] = []
        if device.type == "cuda" and count > 1:
            self._streams = [torch.cuda.Stream(device) for _ in range(count)]  # type: ignore[no-untyped-call]

    def each(self, work: Callable[[int], None]) -> None:
        """Call `work(i)` for every slot. Kernels launched later wait for all of them."""
        if not self._streams:
            for slot in range(self._count):
                work(slot)
            return
        start = torch.cuda.current_stream()
        for slot, stream in enumerate(self._streams):
            stream.wait_stream(start)
            with torch.cuda.stream(stream):
                work(slot)
        for stream in self._streams:
            start.wait_stream(stream)
