"""Whether a saved state can be that of a lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor


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


def check_momentum(found: Any, parameters: Sequence[Tensor], momentum: bool) -> None:
    """Raise ValueError unless it has a buffer for every parameter, or for none."""
    buffers = {index: {"momentum_buffer": tensor} for index, tensor in enumerate(parameters)}
    check_like(found, buffers if momentum and found else {}, "momentum")
