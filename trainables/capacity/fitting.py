"""Trains a network on a sample without regularizers; the result depends on the seed alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from gensweep.trainables.capacity.sample import Sample
from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.models import build_model
from gensweep.trainables.models.layers import initialize
from gensweep.trainables.plain_sgd import PlainSGD
from gensweep.trainables.seeds import torch_seed

_BATCH = 1000  # images evaluated at a time


def untrained(trial: CapacityTrial, shape: torch.Size, outputs: int) -> nn.Module:
    """The trial's network for images (C, H, W), initialized from its seed, on the CPU."""
    channels, height, width = shape
    model = build_model(
        trial.model, (channels, height, width), outputs, batch_norm=trial.batch_norm
    )
    initialize(model, torch.Generator().manual_seed(torch_seed(trial.seed, "initialization")))
    return model


def epochs(
    model: nn.Module, sample: Sample, trial: CapacityTrial, should_stop: Callable[[], bool]
) -> Iterator[int]:
    """Train, and yield the number of each epoch after it ends.

    A replaced example is used at the same steps as the one it replaces.

    Raises StoppedError within a step of being told to, and DivergedError.
    """
    layout, device = _layout(model), sample.inputs.device
    model.to(device).to(memory_format=layout)
    sgd = PlainSGD(trial.epochs, trial.batch_size, trial.momentum, trial.lr_in, trial.seed)

    def loss(batch: Tensor) -> Tensor:
        inputs = sample.inputs[batch].contiguous(memory_format=layout)
        return functional.cross_entropy(model(inputs), sample.labels[batch])

    for epoch, _ in sgd.train(model, len(sample), loss, should_stop):
        yield epoch


@torch.no_grad()
def losses(model: nn.Module, sample: Sample) -> Tensor:
    """(2, N), on the CPU: the cross-entropy of every example in nats, and whether it is wrong."""
    model.eval()
    layout = _layout(model)
    found = []
    for start in range(0, len(sample), _BATCH):
        part = sample.part(slice(start, start + _BATCH))
        logits = model(part.inputs.contiguous(memory_format=layout))
        entropy = functional.cross_entropy(logits, part.labels, reduction="none")
        wrong = logits.argmax(dim=1) != part.labels
        found.append(torch.stack([entropy, wrong.float()]))
    return torch.cat(found, dim=1).cpu().double()


def error(model: nn.Module, sample: Sample) -> float:
    """The share of misclassified examples, in [0, 1]."""
    return losses(model, sample)[1].mean().item()


def _layout(model: nn.Module) -> torch.memory_format:
    """Channels-last where convolutions run faster on it; other models would have to copy."""
    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return torch.channels_last if convolves else torch.contiguous_format
