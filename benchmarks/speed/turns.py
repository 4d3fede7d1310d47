"""Times variants in turns of one epoch, so that a busy machine slows all of them alike."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from statistics import median

import torch
from speed.job import TEST_IMAGES, Job, Lap
from speed.variants import Variant

from gensweep.trainables.errors import GensweepError

PAPER_EPOCHS, PAPER_IMAGES, PAPER_TEST_IMAGES = 100, 50_000, 10_000


@dataclass(frozen=True)
class Timing:
    """first: the first lap, with all one-time work; laps: the later ones."""

    first: Lap
    laps: list[Lap]
    images: int

    @property
    def speeds(self) -> list[float]:
        """Images trained on per second, by round."""
        return [lap.trials * self.images / lap.training for lap in self.laps]

    @property
    def speed(self) -> float:
        return median(self.speeds)

    @property
    def epoch(self) -> float:
        """Extrapolated seconds of an epoch on the paper's images."""
        return self.first.trials * PAPER_IMAGES / self.speed

    @property
    def evaluation(self) -> float | None:
        """Extrapolated seconds of evaluating both of the paper's splits."""
        taken = [lap.evaluation for lap in self.laps if lap.evaluation is not None]
        scale = (PAPER_IMAGES + PAPER_TEST_IMAGES) / (self.images + TEST_IMAGES)
        return median(taken) * scale if taken else None

    @property
    def start(self) -> float:
        """The extra seconds of the first lap: loading, warming up, compiling."""
        return max(0.0, self.first.seconds - median(lap.seconds for lap in self.laps))

    @property
    def trial(self) -> float:
        """Extrapolated seconds of the paper's epochs, without evaluation if the variant has
        none.
        """
        return self.start + PAPER_EPOCHS * (self.epoch + (self.evaluation or 0.0))

    @property
    def trials_per_hour(self) -> float:
        return self.first.trials * 3600.0 / self.trial


def in_turns(
    job: Job, variants: Mapping[str, Variant], rounds: int
) -> tuple[dict[str, Timing], dict[str, str]]:
    """The timings by variant, and the reasons why others are missing. The warm-up round comes
    first.
    """
    laps: dict[str, list[Lap]] = {}
    skipped: dict[str, str] = {}
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(closing(variant.laps(job)))
            for name, variant in variants.items()
        }
        for _ in range(rounds + 1):
            for name in [name for name in running if name not in skipped]:
                torch.set_num_threads(job.threads)
                try:
                    laps.setdefault(name, []).append(next(running[name]))
                except (GensweepError, NotImplementedError) as error:
                    skipped[name] = str(error)
    return {
        name: Timing(taken[0], taken[1:], job.images)
        for name, taken in laps.items()
        if name not in skipped and len(taken) > 1
    }, skipped
