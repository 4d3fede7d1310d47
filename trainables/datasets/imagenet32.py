"""ImageNet at 32x32 pixels."""

from __future__ import annotations

from functools import partial

from gensweep.trainables.datasets import downsampled
from gensweep.trainables.datasets.arrays import Arriving, read_cache

load = partial(read_cache, "imagenet32")
read = partial(downsampled.read, "imagenet32")
download = partial(downsampled.download, "imagenet32")
arriving = partial(Arriving, "imagenet32")
