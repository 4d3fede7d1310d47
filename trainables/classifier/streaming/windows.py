"""Which part of an image a network sees."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

AREA = (0.05, 1.0)  # of the image's area
ASPECT = (0.75, 1.33)  # width to height
COVERED = 0.1  # of the object, which is the whole image
ATTEMPTS = 100
DRAWN = 4  # numbers per attempt

_SHARE = 16  # what is left out on each side by `central_crop`: int(1 / ((1 - 0.875) / 2))


class Window(NamedTuple):
    """Pixels [top, top + height) and [left, left + width) of an image."""

    top: int
    left: int
    height: int
    width: int


def central(height: int, width: int) -> Window:
    """The central 0.875 of each side, as TensorFlow's `central_crop` rounds it.

    It leaves out the same number of pixels on opposite sides: a sixteenth, rounded down.
    """
    top, left = height // _SHARE, width // _SHARE
    return Window(top, left, height - 2 * top, width - 2 * left)


def distorted(height: int, width: int, draw: Callable[[int], list[float]]) -> Window:
    """TensorFlow's `sample_distorted_bounding_box` around the whole image.

    `draw(n)` gives n uniform numbers in [0, 1); each attempt draws DRAWN. If ATTEMPTS fail, as they
    do for long and narrow images, the window is the whole image.

    Source: tensorflow/core/kernels/sample_distorted_bounding_box_op.cc of 2016. The height is
    uniform between those of the smallest and of the largest area that the drawn aspect ratio
    allows. The pipeline asks that 0.1 of the object be seen; with the whole image as the object,
    this, not AREA, is the smallest area. A position never touches the lower or right border, unless
    the window fills the image that way.
    """
    for _ in range(ATTEMPTS):
        window = _attempt(height, width, draw(DRAWN))
        if window:
            return window
    return Window(0, 0, height, width)


def _attempt(image_height: int, image_width: int, drawn: list[float]) -> Window | None:
    aspect = ASPECT[0] + drawn[0] * (ASPECT[1] - ASPECT[0])
    image_area = image_height * image_width
    least, most = (share * image_area for share in AREA)
    height, width = _sides(image_height, image_width, aspect, drawn[1])
    if width * height < least:
        height, width = height + 1, round((height + 1) * aspect)
    if width * height > most:
        height, width = height - 1, round((height - 1) * aspect)
    if not max(least, COVERED * image_area, 1) <= width * height <= most:
        return None
    if width > image_width or height > image_height:
        return None
    top = int(drawn[2] * (image_height - height))
    left = int(drawn[3] * (image_width - width))
    return Window(top, left, height, width)


def _sides(image_height: int, image_width: int, aspect: float, drawn: float) -> tuple[int, int]:
    """Height and width before they are corrected for rounding."""
    smallest, largest = (round(sqrt(a * image_height * image_width / aspect)) for a in AREA)
    if round(largest * aspect) > image_width:
        largest = int((image_width + 0.5 - 1e-7) / aspect)
    largest = min(largest, image_height)
    smallest = min(smallest, largest)
    height = smallest + int(drawn * (largest - smallest + 1))
    return height, round(height * aspect)
