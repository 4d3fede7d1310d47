"""Whether a saved state can be that of a lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from gensweep.trainables.classifier.optimizers import kept_by
from gensweep.trainables.classifier.trial import ClassifierTrial


def check_like(found: Any, own: Any, name: str) -> None:
    """Raise ValueError, with the name of the part, unless it has the keys, types, shapes and
    dtypes of `own`.
    """
    right = type(found) is type(own) or (isinstance(found, dict) and isinstance(own, Mapping))
    if right and isinstance(own, Tensor):
        right = (found.shape, found.dtype) == (own.shape, own.dtype)
    elif right and isinstance(own, Mapping):
        right = found.keys() == own.keys()
    if not right:
        raise ValueError(name)
    if isinstance(own, Mapping):
        for key, part in own.items():
            check_like(found[key], part, f"{name}.{key}")


def check_optimizer(found: Any, parameters: Sequence[Tensor], trial: ClassifierTrial) -> None:
    """Raise ValueError unless it has the optimizer's tensors for every parameter, or for none."""
    kept = {index: kept_by(trial, tensor) for index, tensor in enumerate(parameters)}
    check_like(found, kept if kept[0] and found else {}, "momentum")
