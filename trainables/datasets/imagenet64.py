"""ImageNet at 64x64 pixels."""

from __future__ import annotations

from functools import partial

from gensweep.trainables.datasets import downsampled
from gensweep.trainables.datasets.arrays import Arriving, read_cache

load = partial(read_cache, "imagenet64")
read = partial(downsampled.read, "imagenet64")
download = partial(downsampled.download, "imagenet64")
arriving = partial(Arriving, "imagenet64")
