"""Measures of a trained network: norms, and the margins of its training set.

Candidates for what explains the generalization gap (paper, section 1 and appendix; Neyshabur et
al. 2017, Bartlett et al. 2017), to be compared between true and random labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gensweep.trainables.classifier.data import AnySplit
from gensweep.trainables.classifier.engines.protocol import Should
from gensweep.trainables.ranks import ALONE, Ranks
from gensweep.trainables.records import Measures

LOWEST_TENTH = 0.1


@torch.no_grad()
def margins(
    logits_of: Callable[[Tensor], Tensor],
    split: AnySplit,
    should_stop: Should,
    ranks: Ranks = ALONE,
) -> Tensor | None:
    """Margins (N,), ascending: the label's logit minus the largest other one; None if stopped."""
    found = torch.zeros(len(split.labels), device=split.labels.device)
    for places, inputs in split.batches(ranks):
        if should_stop():
            return None
        if not len(inputs):
            continue
        logits, labels = logits_of(inputs).float(), split.labels[places]
        given = logits.gather(1, labels[:, None])
        others = logits.scatter(1, labels[:, None], -math.inf)
        found[places] = given[:, 0] - others.amax(dim=1)
    return ranks.sum(found).sort().values


@torch.no_grad()
def measures(model: nn.Module, initial: nn.Module, margins: Tensor) -> Measures:
    """The measures of a model, given the model before training and the ascending margins (N,)."""
    weights, before = _vector(model), _vector(initial)
    last = len(margins) - 1
    return Measures(
        weight_norm=weights.norm().item(),
        initial_weight_norm=before.norm().item(),
        distance_from_initialization=(weights - before).norm().item(),
        spectral_log_product=_spectral_log_product(model),
        margin_min=margins[0].item(),
        margin_p10=margins[round(LOWEST_TENTH * last)].item(),
        margin_median=margins[round(last / 2)].item(),
    )


def _vector(model: nn.Module) -> Tensor:
    """All trainable parameters in float64 on the CPU, so that results do not depend on the
    device.
    """
    return torch.cat([p.detach().cpu().double().flatten() for p in model.parameters()])


def _spectral_log_product(model: nn.Module) -> float:
    matrices = (p.detach().cpu().double().flatten(1) for p in model.parameters() if p.dim() > 1)
    return math.fsum(_log_spectral_norm(matrix) for matrix in matrices)


def _log_spectral_norm(matrix: Tensor) -> float:
    """Computed from the smaller Gram matrix, far faster than all singular values."""
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    largest = torch.linalg.eigvalsh(tall.T @ tall)[-1].item()
    return 0.5 * math.log(largest) if largest > 0.0 else -math.inf
