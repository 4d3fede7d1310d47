from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np
import pytest
import torch
from torch import Tensor

from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.regularizers import augment
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.preprocessing import whiten
from gensweep.trainables.seeds import generator, torch_seed

Tiny = Callable[..., ClassifierTrial]
MakeEngine = Callable[..., EagerEngine]


def batches_seen(engine: EagerEngine, epoch: int) -> list[Tensor]:
    seen: list[Tensor] = []
    hook = engine._lanes[0].model.register_forward_pre_hook(lambda _, x: seen.append(x[0].clone()))
    list(engine.train_epoch({0: epoch}, lambda: False))
    hook.remove()
    return seen


@pytest.mark.parametrize("batch_size", [1, 100, 128, 511, 512, 1000])
def test_every_example_is_trained_on_once_an_epoch_the_last_partial_batch_included(
    batch_size: int, tiny: Tiny, engine: MakeEngine
) -> None:
    running = engine(tiny(batch_size=batch_size))
    seen = batches_seen(running, 1)
    sizes = [min(batch_size, 512 - start) for start in range(0, 512, batch_size)]
    assert [len(batch) for batch in seen] == sizes
    assert len(seen) == ceil(512 / batch_size)

    def in_some_order(images: Tensor) -> list[bytes]:
        return sorted(image.numpy().tobytes() for image in images)

    stored = running._lanes[0].data.train.inputs
    assert in_some_order(torch.cat(seen)) == in_some_order(stored)


def test_the_order_is_new_every_epoch_and_the_same_for_every_model(
    tiny: Tiny, engine: MakeEngine
) -> None:
    first, second = (torch.cat(batches_seen(engine(tiny()), epoch)) for epoch in (1, 2))
    assert not torch.equal(first, second)
    other = torch.cat(batches_seen(engine(tiny(model="alexnet", lr=0.5)), 1))
    assert torch.equal(first, other)
    another_seed = torch.cat(batches_seen(engine(tiny(seed=1)), 1))
    assert not torch.equal(first, another_seed)


def test_batches_are_augmented_from_the_stream_of_their_epoch_and_then_whitened(
    tiny: Tiny, engine: MakeEngine
) -> None:
    trial = tiny(seed=5, crop=True, flip=True, rotation=25)
    running = engine(trial)
    stored = running._lanes[0].data.train.inputs
    for epoch in (1, 2):
        order = generator(5, "order", epoch).permutation(512)
        stream = torch.Generator().manual_seed(torch_seed(5, "augmentation", epoch))
        for number, seen in enumerate(batches_seen(running, epoch)):
            batch = torch.from_numpy(order[100 * number : 100 * (number + 1)])
            assert torch.equal(seen, whiten(augment(stored[batch], trial, stream)))


def test_augmentation_is_new_every_epoch(tiny: Tiny, engine: MakeEngine) -> None:
    trial = tiny(crop=True)
    stored = engine(trial)._lanes[0].data.train.inputs
    first, second = (torch.cat(batches_seen(engine(trial), epoch)) for epoch in (1, 2))
    assert first.shape == second.shape == (512, 3, 8, 8)
    crops = [{image.numpy().tobytes() for image in images} for images in (first, second)]
    assert 0 < len(crops[0] & crops[1]) < 100  # of 25 positions, one in 25 is drawn again
    assert stored.shape == (512, 3, 12, 12)
    np.testing.assert_allclose(first.flatten(1).std(1, correction=0), np.ones(512), rtol=1e-4)
