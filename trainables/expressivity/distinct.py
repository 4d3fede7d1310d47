"""Whether a sample can be labelled at all: equal inputs must have equal labels."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import torch
from torch import Tensor

from gensweep.trainables.errors import DataError

_CHUNK = 1024  # rows at a time, to bound the memory of their copies


def first_of_each(inputs: Tensor, targets: Tensor, name: Callable[[int], str] = str) -> Tensor:
    """(n,) bool: the rows of inputs (n, d) that no earlier row equals.

    name: what a row is called in an error.

    Raises DataError, which names both rows, where two equal inputs have different targets.
    """
    first: dict[bytes, int] = {}
    keep = torch.ones(len(inputs), dtype=torch.bool)
    for start in range(0, len(inputs), _CHUNK):
        rows = (inputs[start : start + _CHUNK].cpu() + 0.0).numpy()  # so that -0.0 is 0.0
        for place, row in enumerate(rows, start=start):
            before = first.setdefault(blake2b(row.tobytes(), digest_size=16).digest(), place)
            if before == place:
                continue
            keep[place] = False
            if not torch.equal(targets[before], targets[place]):
                raise DataError(
                    f"rows {name(before)} and {name(place)}",
                    "the same input has different labels, "
                    f"{_text(targets[before])} and {_text(targets[place])}",
                    "one label per input",
                    "leave one of the rows out",
                )
    return keep


def _text(target: Tensor) -> str:
    """A single real target, or the class of a one-hot target."""
    return f"{target.item():g}" if target.numel() == 1 else str(int(target.argmax()))
