"""How much there is to compute in a model: multiply-accumulates, counted from the built module.

Whoever plans or launches has no torch loaded, and does not load it for this: the first time, a
process of its own counts, and its answer is kept for as long as the models stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

from platformdirs import user_cache_path

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.models import Shape

_COUNTING = "gensweep.trainables.models.counting"
_SECONDS = 120  # that counting may take, most of which is to load torch


def multiply_accumulates(model: str, dataset: str) -> int:
    """Of one forward pass over one image, as the network sees it.

    Where that cannot be known, as the model cannot be built for such images, it counts as much as
    the costliest model that can: a long trial that begins too early delays a sweep less than one
    that begins too late.
    """
    source = DATASETS[dataset]
    shape = source.channels, source.view, source.view
    here = "torch" in sys.modules
    count = import_module(_COUNTING).count if here else _counted_elsewhere
    costs: dict[str, int] = count(shape, source.classes)
    return costs.get(model, max(costs.values(), default=1))


@cache
def _counted_elsewhere(shape: Shape, classes: int) -> dict[str, int]:
    """What `counting.count` finds, from the cache or a process; empty where neither works."""
    key = hashlib.sha256(repr((shape, classes)).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        key.update(file.read_bytes())
    kept = user_cache_path("gensweep") / f"macs-{key.hexdigest()[:16]}.json"
    if not kept.is_absolute():  # a user without a home folder: nothing can be kept
        kept = Path(os.devnull) / kept.name
    with suppress(OSError, ValueError):
        return dict(json.loads(kept.read_text("utf-8")))
    asked = [*map(str, shape), str(classes)]
    # -P: files in the working directory are no modules.
    command = [sys.executable, "-P", "-m", _COUNTING, *asked]
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)
        costs = dict(json.loads(done.stdout))
        with suppress(OSError):
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(done.stdout)
        return costs
    return {}
