"""The plain engine: ordinary PyTorch calls, on any device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gensweep.trainables.classifier.engines.lanes import Lanes
from gensweep.trainables.classifier.engines.protocol import Should, Window


class EagerEngine(Lanes):
    """Runs its lanes in turn; the reference for every other engine."""

    def train_epoch(self, epochs: Mapping[int, int], should_stop: Should) -> Iterator[Window]:
        lanes = self._begin(epochs)
        first = lanes[0]
        while first.steps < len(first.batches):
            for lane in lanes:
                lane.step()
            if first.window_is_full:
                yield Window(first.steps, [lane.close_window() for lane in lanes])
            if should_stop():
                return

    def close(self) -> None:
        """Nothing is kept."""
        for lane in self._lanes:
            lane.close()
