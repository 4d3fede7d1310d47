"""What is random about an example of a given epoch."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from gensweep.trainables.classifier.streaming.windows import Window, central, distorted
from gensweep.trainables.seeds import generator

STREAM = "distortion"

BRIGHTNESS = 32.0 / 255.0  # added, in ±, to values in [0, 1]
FACTOR = (0.5, 1.5)  # of saturation and of contrast
HUE = 0.2  # of a full turn, in ±
ORDERS = 4

# Columns of what is drawn for a batch (N, len(COLUMNS)); `finishing` and `colors` read them.
COLUMNS = ("mirrored", "order", "brightness", "saturation", "hue", "contrast", "cos", "sin")


@dataclass(frozen=True)
class Distortion:
    """How the examples of an epoch are distorted; without any of these, they are not.

    crop:     see a random window (`windows.distorted`), not the central one
    flip:     mirror with probability 1/2
    color:    distort colours (`colors.distort`)
    rotation: rotate by a uniform angle in ± so many degrees

    What happens to an example depends on seed, epoch and its index alone. Each has a stream of
    random numbers of its own, which starts with one number for each of mirroring, order, colours
    and angle, used or not, so that switching one on leaves the others as they were.
    """

    seed: int
    epoch: int
    crop: bool = False
    flip: bool = False
    color: bool = False
    rotation: float = 0.0

    def draw(self, index: int, height: int, width: int) -> tuple[Window, NDArray[np.float32]]:
        """The window of an image of this size, and a row of COLUMNS."""
        random = generator(self.seed, STREAM, self.epoch, index).random
        flip, order, brightness, saturation, hue, contrast, angle = random(7).tolist()
        turn = (2.0 * angle - 1.0) * self.rotation * pi / 180.0
        row = np.array(
            [
                flip < 0.5,
                int(order * ORDERS),
                (2.0 * brightness - 1.0) * BRIGHTNESS,
                _between(saturation, *FACTOR),
                (2.0 * hue - 1.0) * HUE,
                _between(contrast, *FACTOR),
                np.cos(turn),
                np.sin(turn),
            ],
            dtype=np.float32,
        )
        if not self.crop:
            return central(height, width), row
        return distorted(height, width, lambda n: random(n).tolist()), row


def _between(drawn: float, low: float, high: float) -> float:
    return low + drawn * (high - low)
