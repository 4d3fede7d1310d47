"""SGD on an MLP with about as many weights as the construction."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.models.layers import initialize
from gensweep.trainables.models.mlp import MLP
from gensweep.trainables.plain_sgd import PlainSGD
from gensweep.trainables.seeds import torch_seed


def hidden_units(n: int, d: int, outputs: int) -> int:
    """The width of an MLP with one hidden layer and about d + n (1 + outputs) weights."""
    weights = d + n * (1 + outputs)
    return max(1, round((weights - outputs) / (d + 1 + outputs)))


def untrained(trial: ExpressivityTrial, inputs: Tensor, precision: torch.dtype) -> MLP:
    """The network for inputs (n, d), initialized from the seed, on their device."""
    n, d = inputs.shape
    network = MLP((d, 1, 1), trial.outputs, hidden=[hidden_units(n, d, trial.outputs)])
    initialize(network, torch.Generator().manual_seed(torch_seed(trial.seed, "initialization")))
    return network.to(inputs.device, precision)


def epochs(
    network: nn.Module,
    trial: ExpressivityTrial,
    inputs: Tensor,
    targets: Tensor,
    should_stop: Callable[[], bool],
) -> Iterator[tuple[int, float]]:
    """Train on inputs (n, d) and targets (n, outputs); yield each epoch's number and mean loss.

    Cross-entropy for several outputs, as in the paper; squared error for a single output.

    Raises StoppedError within a step of being told to, and DivergedError.
    """
    loss_of = functional.mse_loss if trial.output == "real" else functional.cross_entropy
    sgd = PlainSGD(
        trial.epochs, trial.batch_size, trial.momentum, lambda epoch: trial.lr, trial.seed
    )

    def loss(batch: Tensor) -> Tensor:
        return loss_of(network(inputs[batch].to(targets.dtype)), targets[batch])

    yield from sgd.train(network, len(inputs), loss, should_stop)
