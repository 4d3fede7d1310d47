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
    """What is known of a model without building it.

    location:   the file of this package and the class in it, which is called as
                ``cls(shape, classes, **settings)`` with shape (C, H, W).
    batch_norm: whether the class takes ``batch_norm=``, and so can do without it.
    dropout:    whether the class takes ``dropout=``, a probability.
    fills_gpu:  how many trials of it, trained side by side by the captured engine, fill a GPU.
                Guesses: nobody has measured them.
    """

    location: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    batch_norm: bool = False
    dropout: bool = False
    fills_gpu: int = 4


# In the order in which tables list them.
MODELS: dict[str, Architecture] = {
    "inception": Architecture("inception:Inception", batch_norm=True, dropout=True),
    "alexnet": Architecture("alexnet:AlexNet", dropout=True, fills_gpu=8),
    "mlp_3x512": Architecture("mlp:MLP", {"hidden": (512, 512, 512)}, dropout=True, fills_gpu=16),
    "mlp_1x512": Architecture("mlp:MLP", {"hidden": (512,)}, dropout=True, fills_gpu=16),
    "resnet18": Architecture("resnet:ResNet18", batch_norm=True),
}


def model_label(model: str, batch_norm: bool) -> str:
    """A model as tables name it, such as `inception (no BN)`."""
    entry = MODELS.get(model)
    return f"{model} (no BN)" if entry and entry.batch_norm and not batch_norm else model


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
