"""The optimizers of a trial's steps, and the state that each keeps of a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gensweep.trainables.classifier.trial import ClassifierTrial


class RMSprop(torch.optim.Optimizer):
    """TensorFlow's RMSProp, in which the published recipes of the Inception networks are written.

    It differs from `torch.optim.RMSprop` in three ways: epsilon is inside the root, the mean square
    starts at 1, and the learning rate is part of what momentum carries on:

        mean_square = beta2 * mean_square + (1 - beta2) * gradient²
        buffer = momentum * buffer + lr * gradient / sqrt(mean_square + epsilon)
        parameter = parameter - buffer
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        beta2: float,
        momentum: float,
        epsilon: float,
        weight_decay: float,
    ) -> None:
        settings = {"lr": lr, "beta2": beta2, "momentum": momentum}
        super().__init__(parameters, {**settings, "epsilon": epsilon, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            self._step([p for p in group["params"] if p.grad is not None], group)

    def _step(self, parameters: list[Tensor], group: Mapping[str, Any]) -> None:
        if not parameters:
            return
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter]["mean_square"] = torch.ones_like(parameter)
                self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        squares = [self.state[p]["mean_square"] for p in parameters]
        buffers = [self.state[p]["momentum_buffer"] for p in parameters]
        gradients = [p.grad for p in parameters if p.grad is not None]
        if group["weight_decay"]:
            gradients = [*torch._foreach_add(gradients, parameters, alpha=group["weight_decay"])]
        torch._foreach_mul_(squares, group["beta2"])
        torch._foreach_addcmul_(squares, gradients, gradients, value=1.0 - group["beta2"])
        roots = torch._foreach_add(squares, group["epsilon"])
        torch._foreach_sqrt_(roots)
        torch._foreach_mul_(buffers, group["momentum"])
        torch._foreach_addcdiv_(buffers, gradients, roots, value=group["lr"])
        torch._foreach_sub_(parameters, buffers)


def optimizer_of(
    trial: ClassifierTrial, parameters: Iterable[nn.Parameter], device: torch.device
) -> torch.optim.Optimizer:
    fused = device.type != "mps"
    if trial.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=trial.lr,
            momentum=trial.momentum,
            weight_decay=trial.weight_decay,
            fused=fused,
        )
    if trial.optimizer == "rmsprop":
        return RMSprop(
            parameters, trial.lr, trial.beta2, trial.momentum, trial.epsilon, trial.weight_decay
        )
    return torch.optim.Adam(
        parameters,
        lr=trial.lr,
        betas=(trial.momentum, trial.beta2),
        eps=trial.epsilon,
        weight_decay=trial.weight_decay,
        decoupled_weight_decay=trial.optimizer == "adamw",
        fused=fused,
    )


def kept_by(trial: ClassifierTrial, parameter: Tensor) -> dict[str, Tensor]:
    """Tensors like those that the trial's optimizer keeps of a parameter after a step."""
    if trial.optimizer == "sgd":
        return {"momentum_buffer": parameter} if trial.momentum else {}
    if trial.optimizer == "rmsprop":
        return {"mean_square": parameter, "momentum_buffer": parameter}
    return {"step": torch.zeros(()), "exp_avg": parameter, "exp_avg_sq": parameter}
