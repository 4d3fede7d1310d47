"""Plain SGD on a sample that fits into memory: no regularizer, and the same for the same seed.

Unlike the classifier's loop it does not evaluate, checkpoint or train side by side: the theory
needs none of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gensweep.trainables.runner import DivergedError, StoppedError
from gensweep.trainables.seeds import generator


@dataclass(frozen=True)
class PlainSGD:
    """lr_in: the learning rate of an epoch, counted from 1. seed: for the order of the examples."""

    epochs: int
    batch_size: int
    momentum: float
    lr_in: Callable[[int], float]
    seed: int

    def train(
        self,
        model: nn.Module,
        examples: int,
        loss_of: Callable[[Tensor], Tensor],
        should_stop: Callable[[], bool],
    ) -> Iterator[tuple[int, float]]:
        """Train a model on its device; yield each epoch's number and mean loss over the examples.

        loss_of: the mean loss of a batch, given the indices (b,) of its examples. The order depends
        only on the seed, the epoch and the number of examples. The last partial batch is kept.

        Raises StoppedError within a step of being told to, and DivergedError.
        """
        device = next(model.parameters()).device
        optimizer = torch.optim.SGD(model.parameters(), self.lr_in(1), self.momentum)
        for epoch in range(1, self.epochs + 1):
            for group in optimizer.param_groups:
                group["lr"] = self.lr_in(epoch)
            order = torch.from_numpy(generator(self.seed, "order", epoch).permutation(examples))
            total = torch.zeros((), device=device)
            model.train()
            for batch in torch.split(order.to(device), self.batch_size):
                if should_stop():
                    raise StoppedError(f"stopped in epoch {epoch}")
                loss = loss_of(batch)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                total = total + loss.detach() * len(batch)
            mean = total.item() / examples
            if not total.isfinite():
                raise DivergedError(f"training loss is {mean} in epoch {epoch}")
            yield epoch, mean
