"""The plain engine: one PyTorch call after the other, on any device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from trainables.engines.lane import Lane, device_name
from trainables.engines.protocol import Evaluation, Should, Window
from trainables.records import Examples, Measures
from trainables.trial import ClassifierTrial


class EagerEngine:
    """Runs its lanes one after the other; the reference for every other engine."""

    def __init__(
        self,
        trials: Sequence[ClassifierTrial],
        data_dir: Path,
        device: torch.device,
        compiled: bool = False,
        follow_examples: bool = False,
    ) -> None:
        self._device = device
        self._lanes = [Lane(trial, data_dir, device, compiled, follow_examples) for trial in trials]

    @property
    def device(self) -> str:
        return device_name(self._device)

    @property
    def parameters(self) -> int:
        return self._lanes[0].parameters

    def train_epoch(self, epochs: Mapping[int, int], should_stop: Should) -> Iterator[Window]:
        lanes = [self._lanes[lane] for lane in epochs]
        for lane, epoch in zip(lanes, epochs.values(), strict=True):
            lane.begin(epoch)
        first = lanes[0]
        assert all(lane.steps == first.steps for lane in lanes)
        while first.steps < len(first.batches):
            for lane in lanes:
                lane.step()
            if first.window_is_full:
                yield Window(first.steps, [lane.close_window() for lane in lanes])
            if should_stop():
                return

    def evaluate(self, lane: int, should_stop: Should) -> tuple[Evaluation, Evaluation] | None:
        return self._lanes[lane].evaluate(should_stop)

    def measure(self, lane: int, should_stop: Should) -> Measures | None:
        return self._lanes[lane].measure(should_stop)

    def examples(self, lane: int) -> Examples | None:
        return self._lanes[lane].examples()

    def steps(self, lane: int, epoch: int) -> int:
        return self._lanes[lane].steps if self._lanes[lane].epoch == epoch else 0

    def state(self, lane: int) -> dict[str, Any]:
        return self._lanes[lane].state()

    def restore(self, lane: int, state: Mapping[str, Any]) -> None:
        self._lanes[lane].restore(state)

    def close(self) -> None:
        """Nothing is kept."""
