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
    auxiliary:  whether the class takes ``auxiliary=``. With it, the model in training mode returns
                (logits, logits of its auxiliary head), and in evaluation mode the logits alone.
    smallest:   the fewest pixels of a side of the images that it can be built for.
    fills_gpu:  how many trials of it, trained side by side by the captured engine, fill a GPU.
                Guesses: nobody has measured them.
    """

    location: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    batch_norm: bool = False
    dropout: bool = False
    fills_gpu: int = 4
    auxiliary: bool = False
    smallest: int = 1


# In the order in which tables list them.
MODELS: dict[str, Architecture] = {
    "inception": Architecture("inception:Inception", batch_norm=True, dropout=True),
    "alexnet": Architecture("alexnet:AlexNet", dropout=True, fills_gpu=8),
    "mlp_3x512": Architecture("mlp:MLP", {"hidden": (512, 512, 512)}, dropout=True, fills_gpu=16),
    "mlp_1x512": Architecture("mlp:MLP", {"hidden": (512,)}, dropout=True, fills_gpu=16),
    "resnet18": Architecture("resnet:ResNet18", batch_norm=True),
    "inception_v3": Architecture(
        "inception_v3:InceptionV3",
        batch_norm=True,
        dropout=True,
        auxiliary=True,
        fills_gpu=1,
        smallest=75,
    ),
    "resnet50": Architecture("resnet:ResNet50", batch_norm=True, fills_gpu=1),
}


def models_for(side: int) -> list[str]:
    """The models that can be built for images of so many pixels a side."""
    return [name for name, model in MODELS.items() if model.smallest <= side]


def model_label(model: str, batch_norm: bool) -> str:
    """A model as tables name it, such as `inception (no BN)`."""
    entry = MODELS.get(model)
    return f"{model} (no BN)" if entry and entry.batch_norm and not batch_norm else model


def build_model(
    name: str,
    shape: Shape,
    classes: int,
    *,
    batch_norm: bool = True,
    dropout: float = 0.0,
    auxiliary: bool = False,
) -> nn.Module:
    """An uninitialized network from inputs (N, *shape) to logits (N, classes).

    batch_norm, dropout and auxiliary are passed on only to a model that has a place for them.
    """
    architecture = MODELS[name]
    module, cls = architecture.location.split(":")
    settings = dict(architecture.settings)
    if architecture.batch_norm:
        settings["batch_norm"] = batch_norm
    if architecture.dropout:
        settings["dropout"] = dropout
    if architecture.auxiliary:
        settings["auxiliary"] = auxiliary
    model: nn.Module = getattr(import_module(f"{__name__}.{module}"), cls)(
        shape, classes, **settings
    )
    return model
