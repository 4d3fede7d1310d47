"""The project's networks, made only of PyTorch's own layers."""

from __future__ import annotations

from torch import nn

from gensweep.trainables.models import build_model
from gensweep.trainables.models.layers import Linear, LocalResponseNorm


def plain_model(
    name: str, shape: tuple[int, int, int] = (3, 28, 28), classes: int = 10
) -> nn.Module:
    """The hand-written version, without the layers that the project has made faster."""
    model = build_model(name, shape, classes)
    for module in list(model.modules()):
        for child_name, child in module.named_children():
            if isinstance(child, Linear):
                setattr(module, child_name, nn.Linear(child.in_features, child.out_features))
            elif isinstance(child, LocalResponseNorm):
                normalize = nn.LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1.0)
                setattr(module, child_name, normalize)
    return model
