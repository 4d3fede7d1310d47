"""A step of several trials of equal shape, independent of which trials they are."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gensweep.trainables.classifier.engines.branches import Branches
from gensweep.trainables.classifier.engines.flat import sgd_
from gensweep.trainables.classifier.engines.graphs import capture_on
from gensweep.trainables.classifier.engines.lane import Lane
from gensweep.trainables.classifier.engines.networks import solo_logits, stacked_logits, stacks
from gensweep.trainables.classifier.engines.slots import Slots
from gensweep.trainables.classifier.losses import losses
from gensweep.trainables.classifier.regularizers import augment, augments
from gensweep.trainables.device import autocast
from gensweep.trainables.preprocessing import whiten


class Program:
    """Trains whatever lanes are in its slots.

    A step is the same computation on the CPU and on CUDA. On CUDA its first use captures it, once
    for each batch size; everything that may differ between trials of one shape is a number in a
    tensor. Slots without a lane compute too, and their results are ignored.

    shared:   whether the lanes train on the same images, which then exist once.
    compiled: whether torch.compile makes the kernels of the networks.
    """

    def __init__(self, like: Lane, slots: int, shared: bool, compiled: bool) -> None:
        self._trial, self._device, self._format = like.trial, like.device, like.layout
        self._slots = Slots(like, slots)
        self._images: list[Tensor | None] = [None] * (1 if shared else slots)
        self._sources: list[weakref.ref[Tensor] | None] = [None] * len(self._images)
        self._solo = torch.compile(solo_logits) if compiled else solo_logits
        self._many = torch.compile(stacked_logits) if compiled else stacked_logits
        self._step = self._stacked_step if self._stacks else self._separate_step
        self._branches = Branches(self._device, slots)
        self._offsets: dict[int, Tensor] = {}
        self._steps: dict[int, Callable[[], None]] = {}
        generators = [*self._slots.augmentation, *self._slots.dropout]
        self._capture = capture_on(self._device, generators)

    @property
    def _stacks(self) -> bool:
        return len(self._slots.models) > 1 and stacks(self._slots.models[0])

    def load(self, lanes: Sequence[Lane]) -> None:
        """Copy in lanes that are at the same step of their epochs."""
        for size in {len(batch) for batch in lanes[0].batches}:
            self._prepare(size, lanes[0])
        for slot, lane in enumerate(lanes):
            self._slots.load(slot, lane)
        for place in range(len(self._images)):
            self._hold(place, lanes[place % len(lanes)].stored.inputs)

    def store(self, lanes: Sequence[Lane]) -> None:
        """Copy the same lanes back."""
        for slot, lane in enumerate(lanes):
            self._slots.store(slot, lane)

    def step(self, size: int) -> None:
        """One optimizer step of every slot on `size` examples."""
        self._steps[size]()

    def close_window(self) -> list[float]:
        """The sum of each slot's losses since the last window closed."""
        losses: list[float] = self._slots.loss.tolist()
        self._slots.loss.zero_()
        return losses

    def let_go(self) -> None:
        """Release the images, unless they are the program's own copy."""
        if self._capture is None:
            self._images = [None] * len(self._images)

    def _hold(self, place: int, images: Tensor) -> None:
        """A graph always reads from one address, so it needs a copy there."""
        if self._capture is None:
            self._images[place] = images
            return
        held, source = self._images[place], self._sources[place]
        if held is None:
            self._images[place] = images.clone()
        elif source is None or source() is not images:
            held.copy_(images)
        self._sources[place] = weakref.ref(images)

    def _prepare(self, size: int, like: Lane) -> None:
        if size in self._steps:
            return
        self._offsets[size] = torch.arange(size, device=self._device)

        def step() -> None:
            self._step(self._offsets[size])

        if self._capture is None:
            self._steps[size] = step
            return
        for place in range(len(self._images)):
            self._hold(place, like.stored.inputs)
        self._steps[size] = self._capture.record(step, self._slots.rewind)

    def _next(self, offsets: Tensor) -> Tensor:
        """The examples (L, N) of the next batch."""
        slots = self._slots
        index = slots.order.index_select(1, slots.position + offsets)
        slots.position += len(offsets)
        return index

    def _inputs(self, slot: int, index: Tensor) -> Tensor:
        held = self._images[slot % len(self._images)]
        assert held is not None
        images = held[index]
        if augments(self._trial):
            images = whiten(augment(images, self._trial, self._slots.augmentation[slot]))
        return images.contiguous(memory_format=self._format)

    def _views(self, rows: Tensor) -> dict[str, Tensor]:
        layout = self._slots.layout
        return (layout.views_for_autocast if self._rounds else layout.views)(rows)

    @property
    def _rounds(self) -> bool:
        return self._trial.precision == "bf16"

    def _separate_step(self, offsets: Tensor) -> None:
        """Each slot separately, side by side as far as the device can."""
        index = self._next(offsets)
        self._branches.each(lambda slot: self._learn(slot, index[slot]))

    def _learn(self, slot: int, index: Tensor) -> None:
        slots = self._slots
        row = slots.rows[slot].detach().requires_grad_()
        images, labels = self._inputs(slot, index), slots.labels[slot][index]
        with autocast(self._trial.precision, self._device):
            logits = self._solo(slots.models[slot], self._views(row), images)
            objective, loss = losses(logits, labels, self._trial.label_smoothing)
        (gradient,) = torch.autograd.grad(objective, row)
        settings = slots.lr[slot], slots.momentum[slot], slots.weight_decay[slot]
        sgd_(slots.rows[slot], gradient, slots.momentum_buffers[slot], *settings)
        slots.loss[slot] += loss.detach()

    def _stacked_step(self, offsets: Tensor) -> None:
        """All slots together, in one batched product per layer."""
        slots, index = self._slots, self._next(offsets)
        rows = slots.rows.detach().requires_grad_()
        images = torch.stack([self._inputs(slot, row) for slot, row in enumerate(index)])
        labels = slots.labels.gather(1, index)
        with autocast(self._trial.precision, self._device):
            logits = self._many(slots.models[0], self._views(rows), images, slots.dropout)
            each = losses(
                logits.flatten(0, 1), labels.flatten(), self._trial.label_smoothing, "none"
            )
        objectives, means = (loss.view_as(labels).mean(dim=1) for loss in each)
        (gradient,) = torch.autograd.grad(objectives.sum(), rows)
        sgd_(
            slots.rows,
            gradient,
            slots.momentum_buffers,
            slots.lr,
            slots.momentum,
            slots.weight_decay,
        )
        slots.loss += means.detach()
