"""All parameters of a model in one row of a tensor, so that one kernel updates them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

_ALIGN = 16  # numbers; aligns the rows of a stack for vector instructions


class Layout:
    """The positions of a model's parameters in a row, by name and in order.

    width: numbers in a row.
    """

    def __init__(self, model: nn.Module) -> None:
        named = dict(model.named_parameters())
        self._shapes = {name: parameter.shape for name, parameter in named.items()}
        self._sizes = [parameter.numel() for parameter in named.values()]
        self._sizes.append(-sum(self._sizes) % _ALIGN)
        self.width = sum(self._sizes)
        matrices = (nn.Conv2d, nn.Linear)
        self._matrix_work = {
            f"{prefix}.{name}".lstrip(".")
            for prefix, module in model.named_modules()
            if isinstance(module, matrices)
            for name, _ in module.named_parameters(recurse=False)
        }

    def views(self, rows: Tensor) -> dict[str, Tensor]:
        """The parameters (..., *shape) in rows (..., width); filters are channels-last."""
        parts = torch.split(rows, self._sizes, dim=-1)
        return {
            name: _shaped(part, shape)
            for part, (name, shape) in zip(parts, self._shapes.items(), strict=False)
        }

    def views_for_autocast(self, rows: Tensor) -> dict[str, Tensor]:
        """The same, with the parameters that autocast would round to bf16 already rounded."""
        rounded = self.views(rows.to(torch.bfloat16))
        exact = self.views(rows)
        return {name: (rounded if name in self._matrix_work else exact)[name] for name in exact}


def _shaped(part: Tensor, shape: Sequence[int]) -> Tensor:
    if len(shape) != 4:
        return torch.unflatten(part, -1, shape)
    outputs, inputs, height, width = shape
    return torch.unflatten(part, -1, (outputs, height, width, inputs)).movedim(-1, -3)


def copy_all(targets: Mapping[str, Tensor], sources: Mapping[str, Tensor]) -> None:
    """Copy tensors to those of the same name; skip names that only one side has."""
    names = targets.keys() & sources.keys()
    if names:
        with torch.no_grad():
            torch._foreach_copy_([targets[n] for n in names], [sources[n] for n in names])


@torch.no_grad()
def sgd_(
    rows: Tensor,
    gradients: Tensor,
    momentum_buffers: Tensor,
    lr: Tensor,
    momentum: Tensor,
    weight_decay: Tensor,
) -> None:
    """A step of SGD with momentum, as in `torch.optim.SGD`, on rows (..., width).

    The settings are tensors (..., 1), so new values need no new kernel or capture.
    """
    torch.addcmul(gradients, rows, weight_decay, out=gradients)
    torch.addcmul(gradients, momentum_buffers, momentum, out=momentum_buffers)
    rows.addcmul_(momentum_buffers, lr, value=-1.0)
