"""Uniform stability, measured: how much do the losses change if one example is replaced?

An algorithm A is uniformly stable with beta if | l(A(S), z) - l(A(S'), z) | <= beta for all
samples S and S' that differ in one example, and all z (Bousquet and Elisseeff 2002). It is a
property of the algorithm alone, a worst case over labels. A measurement on some S, S' and z is a
lower bound of beta.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from gensweep.trainables.capacity.sample import Sample
from gensweep.trainables.records import Measurement

# Trains on a sample; returns a function from any sample to its losses (2, N): cross-entropy, then
# errors.
Learner = Callable[[Sample], Callable[[Sample], Tensor]]
KINDS = ("loss", "error")


def changes(
    learn: Learner, sample: Sample, places: Tensor, others: Sample, test: Sample
) -> Iterator[Measurement]:
    """Replace the example at each of the places (K,) with one of K others, one at a time.

    For both kinds of loss, at 1, ..., K; and at 0, where nothing is replaced, so that the change is
    due to the machine:

    train_loss_change_max, train_loss_change_mean: absolute changes over S and the new example.
    test_loss_change_max, test_loss_change_mean:   the same over the test examples.
    left_out_loss: at 1, ..., K, for the two examples that change places, the loss where the example
        was left out minus the loss where it was trained on; the signed mean of both. Its
        expectation over samples is the generalization gap (Bousquet and Elisseeff 2002;
        Shalev-Shwartz et al. 2010).

    train_error_change_max, ... are the same for the loss that counts errors. train_error and
    test_error are those of training on S.
    """
    before = learn(sample)
    on_sample, on_test = before(sample), before(test)
    again = learn(sample)
    yield from _moved("train", again(sample) - on_sample, 0)
    yield from _moved("test", again(test) - on_test, 0)
    for number, place in enumerate(places.tolist()):
        other = others.part(slice(number, number + 1))
        after = learn(sample.replaced(place, other))
        old = after(sample) - on_sample
        new = after(other) - before(other)
        yield from _moved("train", torch.cat([old, new], dim=1), number + 1)
        yield from _moved("test", after(test) - on_test, number + 1)
        for kind, rise in zip(KINDS, (old[:, place] - new[:, 0]) / 2, strict=True):
            yield Measurement(f"left_out_{kind}", rise.item(), at=number + 1)
    yield Measurement("train_error", on_sample[1].mean().item())
    yield Measurement("test_error", on_test[1].mean().item())


def _moved(where: str, change: Tensor, number: int) -> Iterator[Measurement]:
    for kind, moved in zip(KINDS, change.abs(), strict=True):
        yield Measurement(f"{where}_{kind}_change_max", moved.max().item(), at=number)
        yield Measurement(f"{where}_{kind}_change_mean", moved.mean().item(), at=number)
