"""What a step minimizes, and the loss that is reported of it."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional


def losses(
    logits: Tensor,
    labels: Tensor,
    smoothing: float,
    reduction: Literal["mean", "none"] = "mean",
) -> tuple[Tensor, Tensor]:
    """The cross-entropy (nats) with smoothed labels, to be minimized, and with those given.

    Only the second tells how near a network is to fitting its labels, and compares between trials.
    """
    loss = functional.cross_entropy(logits, labels, reduction=reduction)
    if not smoothing:
        return loss, loss
    smoothed = functional.cross_entropy(
        logits, labels, reduction=reduction, label_smoothing=smoothing
    )
    return smoothed, loss.detach()
