"""A full pass over one split, and the errors counted in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from gensweep.trainables.classifier.data import AnySplit
from gensweep.trainables.classifier.engines.protocol import Evaluation, Should
from gensweep.trainables.ranks import ALONE, Ranks


@torch.no_grad()
def evaluate(
    logits_of: Callable[[Tensor], Tensor],
    split: AnySplit,
    should_stop: Should,
    ranks: Ranks = ALONE,
) -> Evaluation | None:
    """A pass in batches over the stored inputs. `should_stop` is called before each batch; None if
    stopped.
    """
    labels = split.labels
    loss = torch.zeros((), device=labels.device, dtype=torch.float32)
    predictions, missed, few = torch.zeros_like(labels), torch.zeros_like(labels), True
    for places, inputs in split.batches(ranks):
        if should_stop():
            return None
        if not len(inputs):
            continue
        logits = logits_of(inputs)
        loss += functional.cross_entropy(logits.float(), labels[places], reduction="sum")
        predictions[places] = logits.argmax(dim=1)
        few = logits.shape[1] <= 5
        if not few:
            likeliest = logits.topk(5, dim=1).indices
            missed[places] = (likeliest != labels[places, None]).all(dim=1).long()
    for part in (loss, predictions, missed):
        ranks.sum(part)
    return summarize(loss / len(labels), predictions, None if few else missed.bool(), split)


def summarize(
    loss: Tensor, predictions: Tensor, missed: Tensor | None, split: AnySplit
) -> Evaluation:
    """Count on the device; the host waits once, for the results.

    missed (N,): whether the label is not among the five likeliest classes, if there are more.
    """
    wrong = predictions != split.labels
    counts = [wrong.sum(), (wrong if missed is None else missed).sum()]
    if split.changed is not None:
        changed = split.changed
        recovered = changed & (predictions == split.truth)
        counts += [(wrong & changed).sum(), recovered.sum(), changed.sum()]
    values = torch.stack([loss.double(), *(count.double() for count in counts)]).tolist()
    (mean_loss, errors, misses), n = values[:3], len(split.labels)
    top5_error = None if missed is None else misses / n
    if split.changed is None:
        return Evaluation(mean_loss, errors / n, errors / n, None, None, top5_error, ~wrong)
    changed_errors, recovered_count, changed_count = values[3:]
    clean = n - changed_count
    return Evaluation(
        loss=mean_loss,
        error=errors / n,
        clean_error=(errors - changed_errors) / clean if clean else None,
        memorized=1.0 - changed_errors / changed_count,
        recovered=recovered_count / changed_count,
        top5_error=top5_error,
        right=~wrong,
    )
