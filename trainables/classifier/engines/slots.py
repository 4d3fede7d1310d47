"""The state of the lanes that a program trains: rows of tensors at fixed addresses."""

from __future__ import annotations

import torch

from gensweep.trainables.classifier.engines.flat import Layout, copy_all
from gensweep.trainables.classifier.engines.lane import Lane


class Slots:
    """The state of L lanes, one per slot.

    rows:       parameters (L, width), laid out as in `layout`.
    momentum_buffers:    the like.
    lr, momentum, weight_decay: (L, 1).
    order:      the examples in the order of the epoch, (L, N).
    labels:     (L, N).
    loss:       the sum of losses over the steps of the logging window, (L,).
    position:   number of examples seen so far in the epoch.
    models:     their parameters are unused, only their buffers count.
    augmentation, dropout: the generators.
    """

    def __init__(self, like: Lane, slots: int) -> None:
        device, examples = like.device, len(like.data.train.labels)
        self.models = [like.build().to(device).train() for _ in range(slots)]
        self.layout = Layout(self.models[0])
        self.rows = torch.zeros(slots, self.layout.width, device=device)
        self.momentum_buffers = torch.zeros_like(self.rows)
        self.lr, self.momentum, self.weight_decay = torch.zeros(3, slots, 1, device=device)
        self.order = torch.zeros(slots, examples, dtype=torch.int64, device=device)
        self.labels = torch.zeros_like(self.order)
        self.loss = torch.zeros(slots, device=device)
        self.position = torch.zeros((), dtype=torch.int64, device=device)
        self.augmentation = [torch.Generator(device) for _ in range(slots)]
        self.dropout = [torch.Generator(device) for _ in range(slots)]
        for model, generator in zip(self.models, self.dropout, strict=True):
            like.drop_by(generator, model)

    def rewind(self) -> None:
        """Return to the start of the epoch."""
        self.position.zero_()

    def load(self, slot: int, lane: Lane) -> None:
        """Copy a lane in."""
        trial = lane.trial
        copy_all(self.layout.views(self.rows[slot]), dict(lane.model.named_parameters()))
        copy_all(dict(self.models[slot].named_buffers()), dict(lane.model.named_buffers()))
        self.momentum_buffers[slot].zero_()
        copy_all(self.layout.views(self.momentum_buffers[slot]), lane.momentum_buffers())
        self.lr[slot] = trial.lr_in(lane.epoch)
        self.momentum[slot] = trial.momentum
        self.weight_decay[slot] = trial.weight_decay
        self.order[slot] = lane.order
        self.labels[slot] = lane.data.train.labels
        self.loss[slot] = lane.window_loss
        self.position.fill_(lane.steps * trial.batch_size)
        self.augmentation[slot].set_state(lane.augmentation.get_state())
        self.dropout[slot].set_state(lane.dropout.get_state())

    def store(self, slot: int, lane: Lane) -> None:
        """Copy a lane back."""
        copy_all(dict(lane.model.named_parameters()), self.layout.views(self.rows[slot]))
        copy_all(dict(lane.model.named_buffers()), dict(self.models[slot].named_buffers()))
        copy_all(lane.momentum_buffers(), self.layout.views(self.momentum_buffers[slot]))
        lane.window_loss.copy_(self.loss[slot])
        lane.augmentation.set_state(self.augmentation[slot].get_state())
        lane.dropout.set_state(self.dropout[slot].get_state())
