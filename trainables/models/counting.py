"""Counting a model's multiply-accumulates: it is built without memory, and run on nothing.

    python -m gensweep.trainables.models.counting CHANNELS HEIGHT WIDTH CLASSES

prints the counts of all models as JSON.
"""

from __future__ import annotations

import json
import sys
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from gensweep.trainables.models import MODELS, Shape, build_model


def count(shape: Shape, classes: int) -> dict[str, int]:
    """Of one forward pass on inputs (1, *shape), for every model that can be built for them."""
    costs = {name: _count(name, shape, classes) for name in MODELS}
    return {name: cost for name, cost in costs.items() if cost is not None}


@cache
def _count(model: str, shape: Shape, classes: int) -> int | None:
    try:
        with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
            build_model(model, shape, classes).eval()(torch.empty(1, *shape))
    except Exception:  # whatever the code of a model raises
        return None
    return int(counter.get_total_flops()) // 2  # a multiplication and an addition


if __name__ == "__main__":
    *sides, classes = map(int, sys.argv[1:])
    channels, height, width = sides
    sys.stdout.write(json.dumps(count((channels, height, width), classes)))
