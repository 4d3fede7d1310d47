"""CUDA graphs: a step is recorded once and then costs one launch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

_WARM_UPS = 3  # in which libraries choose kernels and allocate memory


def capture_on(device: torch.device, generators: Sequence[torch.Generator]) -> Capture | None:
    """None if the device has no graphs."""
    return Capture(generators) if device.type == "cuda" else None


class Capture:
    """Records calls that read and write tensors at fixed addresses.

    The graphs of one capture share memory, because only one of them runs at a time.
    """

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self._generators = generators
        self._pool = torch.cuda.graph_pool_handle()

    def record(self, call: Callable[[], None], before: Callable[[], None]) -> Callable[[], None]:
        """A function that replays `call`. `before` is called before each warm-up."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                before()
                call()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        for generator in self._generators:
            graph.register_generator_state(generator)
        with torch.cuda.graph(graph, pool=self._pool):
            call()
        return graph.replay
