"""The model registry. Looking a name up imports no torch; building one does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Architecture:
    """Where a model's class is, and which regularizers it has a place for.

    The class is called as ``cls(shape, classes, **settings)`` with shape (C, H, W), and with
    ``batch_norm=`` and ``dropout=`` where the architecture says it takes them.
    """

    location: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    batch_norm: bool = False
    dropout: bool = False


MODELS: dict[str, Architecture] = {
    "inception": Architecture("inception:Inception", batch_norm=True, dropout=True),
    "alexnet": Architecture("alexnet:AlexNet", dropout=True),
    "mlp_1x512": Architecture("mlp:MLP", {"hidden": (512,)}, dropout=True),
    "mlp_3x512": Architecture("mlp:MLP", {"hidden": (512, 512, 512)}, dropout=True),
    "resnet18": Architecture("resnet:ResNet18", batch_norm=True),
}


def build_model(
    name: str, shape: Shape, classes: int, *, batch_norm: bool = True, dropout: float = 0.0
) -> nn.Module:
    """An uninitialized network from inputs (N, *shape) to logits (N, classes).

    batch_norm and dropout are passed on only to a model that has a place for them.
    """
    architecture = MODELS[name]
    module, cls = architecture.location.split(":")
    settings = dict(architecture.settings)
    if architecture.batch_norm:
        settings["batch_norm"] = batch_norm
    if architecture.dropout:
        settings["dropout"] = dropout
    model: nn.Module = getattr(import_module(f"{__name__}.{module}"), cls)(
        shape, classes, **settings
    )
    return model
