"""The common base of engines that train each lane as a separate model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from gensweep.trainables.classifier.engines.lane import PLAIN, Lane, StepOptions
from gensweep.trainables.classifier.engines.protocol import Evaluation, Should
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.device import device_name
from gensweep.trainables.records import Examples, Measures


class Lanes:
    """The lanes of an engine; the engine decides how their steps run."""

    def __init__(
        self,
        trials: Sequence[ClassifierTrial],
        data_dir: Path,
        device: torch.device,
        options: StepOptions = PLAIN,
    ) -> None:
        self._device = device
        self._lanes = [Lane(trial, data_dir, device, options) for trial in trials]

    @property
    def device(self) -> str:
        return device_name(self._device)

    @property
    def parameters(self) -> int:
        return self._lanes[0].parameters

    def _begin(self, epochs: Mapping[int, int]) -> list[Lane]:
        """The lanes that train, each at its position in its epoch, all at the same step."""
        lanes = [self._lanes[lane] for lane in epochs]
        for lane, epoch in zip(lanes, epochs.values(), strict=True):
            lane.begin(epoch)
        assert all(lane.steps == lanes[0].steps for lane in lanes)
        return lanes

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
