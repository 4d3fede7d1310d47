"""Training one trial as several ranks: the first one drives, and the others follow."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.engines.lane import StepOptions
from gensweep.trainables.classifier.engines.protocol import Evaluation, Should, Window
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.device import pick_device
from gensweep.trainables.memory import keep_freed_memory
from gensweep.trainables.ranks import Order, Ranks
from gensweep.trainables.records import Measures
from gensweep.trainables.registry import trial_from_config


class RankedEngine(EagerEngine):
    """The first rank's engine: tells the others what it is asked, and does its own share of it.

    Between two orders the others wait, after every step and before every batch of an evaluation.
    """

    def __init__(
        self,
        trials: Sequence[ClassifierTrial],
        data_dir: Path,
        device: torch.device,
        options: StepOptions,
    ) -> None:
        (trial,) = trials
        self._ranks, self._amid = options.ranks, False
        self._ranks.say(Order.START, content=json.dumps(trial.config()).encode())
        super().__init__(trials, data_dir, device, options)

    @property
    def device(self) -> str:
        return f"{self._ranks.world} x {super().device}"

    def train_epoch(self, epochs: Mapping[int, int], should_stop: Should) -> Iterator[Window]:
        self._ranks.say(Order.EPOCH, epochs[0])
        self._amid = True
        for window in super().train_epoch(epochs, self._told(should_stop)):
            self._amid = False
            yield window
            self._amid = True
        self._amid = False

    def evaluate(self, lane: int, should_stop: Should) -> tuple[Evaluation, Evaluation] | None:
        self._ranks.say(Order.EVALUATE)
        self._amid = True
        found = super().evaluate(lane, self._told(should_stop))
        self._amid = False
        return found

    def measure(self, lane: int, should_stop: Should) -> Measures | None:
        self._ranks.say(Order.MEASURE)
        self._amid = True
        found = super().measure(lane, self._told(should_stop))
        self._amid = False
        return found

    def restore(self, lane: int, state: Mapping[str, Any]) -> None:
        super().restore(lane, state)  # first, as it may be refused
        content = io.BytesIO()
        torch.save(dict(state), content)
        self._ranks.say(Order.RESTORE, content=content.getvalue())

    def close(self) -> None:
        super().close()
        if not self._amid:  # else the others wait for what an error has kept from coming
            self._ranks.say(Order.END)

    def _told(self, should_stop: Should) -> Should:
        """The answer, which the others hear too."""

        def asked() -> bool:
            stop = should_stop()
            self._ranks.say(Order.STOP if stop else Order.GO)
            return stop

        return asked


class _ElsewhereError(Exception):
    """The first rank broke off what all were doing, and has said something else."""


class Follower:
    """Another rank: does its share of what the first one says, until that says to leave."""

    def __init__(self, ranks: Ranks, context: Context) -> None:
        if context.threads:
            torch.set_num_threads(context.threads)
        self._ranks, self._context = ranks, context
        self._device = pick_device(context.device)
        if self._device.type == "cpu":
            keep_freed_memory()
        self._engine: EagerEngine | None = None
        self._said: tuple[Order, int, bytes] | None = None

    def run(self) -> None:
        """Raises what the first rank would, and RuntimeError where another rank is gone."""
        while True:
            order, number, content = self._said or self._ranks.hear()
            self._said = None
            if order is Order.LEAVE:
                return
            try:
                self._do(order, number, content)
            except _ElsewhereError:
                continue

    def _do(self, order: Order, number: int, content: bytes) -> None:
        if order is Order.START:
            trial = trial_from_config("classifier", json.loads(content))
            assert isinstance(trial, ClassifierTrial)
            context = self._context
            options = StepOptions(
                context.compile, micro_batch=context.micro_batch, ranks=self._ranks
            )
            self._engine = EagerEngine([trial], context.data_dir, self._device, options)
            return
        engine = self._engine
        assert engine is not None
        match order:
            case Order.RESTORE:
                engine.restore(0, torch.load(io.BytesIO(content), weights_only=True))
            case Order.EPOCH:
                for window in engine.train_epoch({0: number}, self._stops):
                    if not math.isfinite(window.train_loss[0]):
                        break  # as the training loop does
            case Order.EVALUATE:
                engine.evaluate(0, self._stops)
            case Order.MEASURE:
                engine.measure(0, self._stops)
            case Order.END:
                engine.close()
                self._engine = None

    def _stops(self) -> bool:
        said = self._ranks.hear()
        if said[0] not in (Order.GO, Order.STOP):
            self._said = said
            raise _ElsewhereError
        return said[0] is Order.STOP
