"""The experimental engine: on CUDA a step is a graph and costs one launch. Not yet run on a GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from gensweep.trainables.classifier.engines.lane import PLAIN, Lane, StepOptions
from gensweep.trainables.classifier.engines.lanes import Lanes
from gensweep.trainables.classifier.engines.program import Program
from gensweep.trainables.classifier.engines.programs import PROGRAMS, Key
from gensweep.trainables.classifier.engines.protocol import Should, Window
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS


def captures(trial: ClassifierTrial) -> bool:
    """Whether the trial's steps are those of a program: of SGD, at one learning rate per epoch,
    on the logits alone, with all images on the device.
    """
    plain = trial.optimizer == "sgd" and not trial.warmup_epochs and not trial.aux_weight
    return plain and not DATASETS[trial.dataset].encoded


class CapturedEngine(Lanes):
    """Lends its lanes to a program, which trains them side by side.

    Programs are kept for the next trials of this shape; `close` returns them.
    """

    def __init__(
        self,
        trials: Sequence[ClassifierTrial],
        data_dir: Path,
        device: torch.device,
        options: StepOptions = PLAIN,
    ) -> None:
        # The program's step is compiled, not each lane's.
        super().__init__(trials, data_dir, device, replace(options, compiled=False))
        self._compiled = options.compiled
        self._programs: dict[Key, Program] = {}
        self._lent: tuple[Program, list[Lane]] | None = None

    def train_epoch(self, epochs: Mapping[int, int], should_stop: Should) -> Iterator[Window]:
        lanes = self._begin(epochs)
        first = lanes[0]
        program = self._program(lanes)
        program.load(lanes)
        self._lent = program, lanes
        try:
            while first.steps < len(first.batches):
                program.step(len(first.batches[first.steps]))
                for lane in lanes:
                    lane.steps += 1
                    lane.window_steps += 1
                if first.window_is_full:
                    yield self._window(program, lanes)
                if should_stop():
                    return
        finally:
            self._give_back()
            self._lent = None

    def state(self, lane: int) -> dict[str, Any]:
        self._give_back()
        return super().state(lane)

    def close(self) -> None:
        """Return the programs, for the next engine of this shape."""
        for key, program in self._programs.items():
            PROGRAMS.put(key, program)
        self._programs = {}

    def _give_back(self) -> None:
        """Copy the program's state back into the lanes that it trains."""
        if self._lent:
            program, lanes = self._lent
            program.store(lanes)

    def _window(self, program: Program, lanes: Sequence[Lane]) -> Window:
        sums = program.close_window()[: len(lanes)]
        means = [total / lane.window_steps for lane, total in zip(lanes, sums, strict=True)]
        for lane in lanes:
            lane.window_steps = 0
        return Window(lanes[0].steps, means)

    def _program(self, lanes: Sequence[Lane]) -> Program:
        """The number of slots is a power of two, so that few programs are needed as lanes end."""
        slots = 1 << (len(lanes) - 1).bit_length()
        first = lanes[0]
        inputs = first.stored.inputs
        shared = all(lane.stored.inputs is inputs for lane in lanes)
        key = Key(
            first.trial.engine_key,
            (inputs.shape, inputs.dtype),
            first.data.classes,
            self._device,
            slots,
            shared,
            self._compiled,
        )
        if key not in self._programs:
            found = PROGRAMS.take(key)
            self._programs[key] = found or Program(first, slots, shared, self._compiled)
        return self._programs[key]
