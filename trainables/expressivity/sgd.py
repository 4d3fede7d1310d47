"""What SGD finds with as many weights as the construction has."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.endings import DivergedError, StoppedError
from trainables.expressivity.trial import ExpressivityTrial
from trainables.models.layers import initialize
from trainables.models.mlp import MLP
from trainables.seeds import generator, torch_seed


def hidden_units(n: int, d: int, outputs: int) -> int:
    """How many make an MLP with one hidden layer that has about d + n (1 + outputs) weights."""
    weights = d + n * (1 + outputs)
    return max(1, round((weights - outputs) / (d + 1 + outputs)))


def untrained(trial: ExpressivityTrial, inputs: Tensor, precision: torch.dtype) -> MLP:
    """The network for inputs (n, d), as its seed initializes it, on their device."""
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
    """Train on inputs (n, d) and targets (n, outputs); each epoch's number and mean training loss.

    Cross-entropy between several outputs, as the paper trains; squared error of a single one. The
    last partial batch is kept.

    Raises StoppedError within a step of being told to, and DivergedError.
    """
    optimizer = torch.optim.SGD(network.parameters(), trial.lr, trial.momentum)
    loss_of = functional.mse_loss if trial.output == "real" else functional.cross_entropy
    for epoch in range(1, trial.epochs + 1):
        order = generator(trial.seed, "order", epoch).permutation(len(inputs))
        total = torch.zeros((), dtype=targets.dtype, device=inputs.device)
        for batch in torch.split(torch.from_numpy(order).to(inputs.device), trial.batch_size):
            if should_stop():
                raise StoppedError(f"stopped in epoch {epoch}")
            loss = loss_of(network(inputs[batch].to(targets.dtype)), targets[batch])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.detach() * len(batch)
        mean = total.item() / len(inputs)
        if not total.isfinite():
            raise DivergedError(f"training loss is {mean} in epoch {epoch}")
        yield epoch, mean
