"""Uniform stability as a measurement: one example replaced, how far do the losses move?

An algorithm A is uniformly stable with beta if | l(A(S), z) - l(A(S'), z) | <= beta for all
samples S and S' that differ in one example, and all z (Bousquet and Elisseeff 2002). It is a
property of the algorithm alone, for the worst labels there are. What is measured on some S, S'
and z is a lower bound of beta.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from gensweep.trainables.capacity.sample import Sample
from gensweep.trainables.records import Measurement

# From a sample to what was learned: of any sample the losses (2, N), and those in [0, 1] second.
Learner = Callable[[Sample], Callable[[Sample], Tensor]]
KINDS = ("loss", "error")


def changes(
    learn: Learner, sample: Sample, places: Tensor, others: Sample, test: Sample
) -> Iterator[Measurement]:
    """Replace the example at each of the places (K,) by that of K others, one at a time.

    With both kinds of loss, at 1, ..., K, and at 0 where nothing is replaced (what is found there
    is the noise of the machine, and not of the sample):

    train_loss_change_max, train_loss_change_mean: absolute changes over S and the new example.
    test_loss_change_max, test_loss_change_mean:   the same over the test examples.
    left_out_loss: at 1, ..., K, by how much the two examples that change places have a larger loss
        where they were left out than where they were trained on; signed, the mean of both. Its
        expectation over samples is the generalization gap (Bousquet and Elisseeff 2002;
        Shalev-Shwartz et al. 2010).

    train_error_change_max, ... are those of the loss that counts errors. Then, of what was
    learned on S: train_error and test_error.
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
