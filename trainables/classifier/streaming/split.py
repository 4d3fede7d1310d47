"""A split whose images are decoded as they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gensweep.trainables.classifier.regularizers import augments
from gensweep.trainables.classifier.streaming.distortion import Distortion
from gensweep.trainables.classifier.streaming.loader import Loader
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.ranks import ALONE, Ranks

_BATCH = {"cpu": 50, "cuda": 500, "mps": 200}  # images evaluated at a time


@dataclass(frozen=True)
class StreamedSplit:
    """labels (N,) as given to the network, truth (N,) as published.

    `changed` (N,) marks the examples whose given label is not their true one; None if there are
    none.
    """

    loader: Loader
    labels: Tensor
    truth: Tensor
    changed: Tensor | None = None

    def batches(self, ranks: Ranks = ALONE) -> Iterator[tuple[slice, Tensor]]:
        """This rank's share of all network inputs, in batches that suit the device, with their
        places.
        """
        turns = list(ranks.in_turn(len(self.labels), _BATCH[self.labels.device.type]))
        places = [np.arange(turn.start, turn.stop) for turn in turns]
        yield from zip(turns, self.loader.batches(places), strict=True)

    def training(
        self,
        trial: ClassifierTrial,
        epoch: int,
        batches: Sequence[Tensor],
        augmentation: torch.Generator,
        ranks: Ranks = ALONE,
    ) -> Iterator[Tensor]:
        """Network inputs for this rank's share of each of the batches, which are places in the
        split.

        What is random in them does not depend on the generator, but on the seed, the epoch and the
        example alone.
        """
        drawn = Distortion(trial.seed, epoch, trial.crop, trial.flip, trial.color, trial.rotation)
        places = [batch[ranks.share(len(batch))].cpu().numpy() for batch in batches]
        return self.loader.batches(places, drawn if augments(trial) else None)

    def close(self) -> None:
        self.loader.close()
