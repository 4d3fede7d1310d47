"""The slow path: one image at a time, in float64, following TensorFlow's formulas step by step.

Values are (3, H, W) in [0, 1]. Pixels go through HSV one by one, with Python's own `colorsys`.
"""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable
from math import floor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensweep.trainables.classifier.streaming.distortion import COLUMNS, Distortion
from gensweep.trainables.classifier.streaming.windows import Window

Values = NDArray[np.float64]
Pixel = tuple[float, float, float]

ORDERS = (
    ("brightness", "saturation", "hue", "contrast"),
    ("saturation", "brightness", "contrast", "hue"),
    ("contrast", "hue", "brightness", "saturation"),
    ("hue", "saturation", "contrast", "brightness"),
)


def decoded(content: bytes) -> Values:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB")).transpose(2, 0, 1) / 255.0


def resized(image: Values, window: Window, side: int) -> Values:
    """The window, bilinear; pixel centres are at half-integers, and borders repeat."""
    top, left, height, width = window
    part = image[:, top : top + height, left : left + width]
    for axis, size in ((1, height), (2, width)):
        at = ((np.arange(side) + 0.5) * (size / side) - 0.5).clip(0, size - 1)
        below = np.floor(at).astype(int)
        above = np.minimum(below + 1, size - 1)
        share = (at - below).reshape((-1, 1) if axis == 1 else (-1,))
        part = part.take(below, axis) * (1 - share) + part.take(above, axis) * share
    return part


def finished(values: Values, row: NDArray[np.float32], distortion: Distortion) -> Values:
    """Network inputs in [-1, 1] of a resized image, by its row of COLUMNS."""
    drawn = dict(zip(COLUMNS, row.astype(np.float64).tolist(), strict=True))
    if distortion.flip and drawn["mirrored"]:
        values = values[:, :, ::-1]
    if distortion.color:
        values = colored(values, drawn)
    if distortion.rotation:
        values = rotated(values, drawn["cos"], drawn["sin"])
    return (values - 0.5) * 2.0


def colored(values: Values, drawn: dict[str, float]) -> Values:
    for name in ORDERS[int(drawn["order"])]:
        values = CHANGES[name](values, drawn[name])
    return values.clip(0.0, 1.0)


def brightened(values: Values, delta: float) -> Values:
    return values + delta


def contrasted(values: Values, factor: float) -> Values:
    mean = values.mean((1, 2), keepdims=True)
    return (values - mean) * factor + mean


def saturated(values: Values, factor: float) -> Values:
    def change(r: float, g: float, b: float) -> Pixel:
        value = max(r, g, b)
        if value <= 0.0:
            return value, value, value
        h, s, v = colorsys.rgb_to_hsv(r, g, b)
        return colorsys.hsv_to_rgb(h, min(s * factor, 1.0), v)

    return _by_pixel(values, change)


def hue_shifted(values: Values, delta: float) -> Values:
    def change(r: float, g: float, b: float) -> Pixel:
        # HSV knows no negative values; the hue of a colour does not depend on an offset.
        offset = 1.0 - max(r, g, b) if max(r, g, b) <= 0.0 else 0.0
        h, s, v = colorsys.rgb_to_hsv(r + offset, g + offset, b + offset)
        r, g, b = colorsys.hsv_to_rgb((h + delta) % 1.0, s, v)
        return r - offset, g - offset, b - offset

    return _by_pixel(values, change)


CHANGES: dict[str, Callable[[Values, float], Values]] = {
    "brightness": brightened,
    "saturation": saturated,
    "hue": hue_shifted,
    "contrast": contrasted,
}


def rotated(values: Values, cos: float, sin: float) -> Values:
    """Where each pixel comes from, read between its four neighbours, black outside."""
    side = values.shape[1]
    middle = (side - 1) / 2
    out = np.zeros_like(values)
    for y in range(side):
        for x in range(side):
            from_x = cos * (x - middle) - sin * (y - middle) + middle
            from_y = sin * (x - middle) + cos * (y - middle) + middle
            for ny in (floor(from_y), floor(from_y) + 1):
                for nx in (floor(from_x), floor(from_x) + 1):
                    if 0 <= ny < side and 0 <= nx < side:
                        share = (1 - abs(from_x - nx)) * (1 - abs(from_y - ny))
                        out[:, y, x] += share * values[:, ny, nx]
    return out


def _by_pixel(values: Values, change: Callable[[float, float, float], Pixel]) -> Values:
    pixels = values.reshape(3, -1).T.tolist()
    return np.array([change(*pixel) for pixel in pixels]).T.reshape(values.shape)
