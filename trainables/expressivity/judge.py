"""How well a network's outputs match the labels, by a forward pass over the whole sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gensweep.trainables.runner import StoppedError


@dataclass(frozen=True)
class Fit:
    """max_residual: the largest |output - target|, infinite where an output is not finite.
    train_error: the share of wrong predictions, in [0, 1]. A prediction is the class of the largest
    output, or the integer nearest to a single one. Outputs that are not finite, or half way between
    integers, are wrong.
    """

    max_residual: float
    train_error: float


@torch.no_grad()
def judge(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    rows: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> Fit:
    """Over inputs (n, d) and targets (n, outputs), `rows` at a time.

    Raises StoppedError if told to stop.
    """
    worst = torch.zeros((), dtype=targets.dtype, device=targets.device)
    right = torch.zeros((), dtype=torch.int64, device=targets.device)
    parts = torch.split(inputs, rows), torch.split(targets, rows)
    for part, target in zip(*parts, strict=True):
        if should_stop():
            raise StoppedError("stopped during the forward pass")
        outputs = network(part if part.dtype == targets.dtype else part.to(targets.dtype))
        residuals = (outputs - target).abs()
        worst = torch.maximum(worst, residuals.nan_to_num(nan=torch.inf).max())
        if target.shape[1] == 1:
            right += (residuals < 0.5).sum()
        else:
            same = outputs.argmax(dim=1) == target.argmax(dim=1)
            right += (same & outputs.isfinite().all(dim=1)).sum()
    return Fit(float(worst), (len(inputs) - int(right)) / len(inputs))
