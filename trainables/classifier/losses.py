"""What a step minimizes, and the loss that is reported of it."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional

# Of the network, and of its auxiliary head where it has one, in training mode.
Outputs = Tensor | tuple[Tensor, Tensor]


def training_losses(
    outputs: Outputs, labels: Tensor, smoothing: float, aux_weight: float
) -> tuple[Tensor, Tensor]:
    """`losses`, with that of the auxiliary logits, times its weight, in the first of them."""
    if isinstance(outputs, Tensor):
        return losses(outputs, labels, smoothing)
    logits, auxiliary = outputs
    objective, loss = losses(logits, labels, smoothing)
    return objective + aux_weight * losses(auxiliary, labels, smoothing)[0], loss.detach()


def losses(
    logits: Tensor,
    labels: Tensor,
    smoothing: float,
    reduction: Literal["mean", "none"] = "mean",
) -> tuple[Tensor, Tensor]:
    """The cross-entropy (nats) with smoothed labels, to be minimized, and with those given.

    Only the second tells how near a network is to fitting its labels, and compares between trials.
    """
    if not len(labels):  # on one of several ranks; its gradient is zero
        return logits.sum(), logits.detach().sum()
    loss = functional.cross_entropy(logits, labels, reduction=reduction)
    if not smoothing:
        return loss, loss
    smoothed = functional.cross_entropy(
        logits, labels, reduction=reduction, label_smoothing=smoothing
    )
    return smoothed, loss.detach()
