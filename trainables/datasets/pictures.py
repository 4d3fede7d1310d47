"""A dataset of encoded images (JPEG, PNG) on its way, before it is packed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Picture(NamedTuple):
    """An encoded image as it arrives, with the name of its class."""

    kind: str
    name: str
    content: bytes


@dataclass(frozen=True)
class Pictures:
    """A dataset of encoded images on its way, in an order that is the same every time.

    size:    at most so many bytes.
    origin:  tells this source from another, so that an interrupted preparation goes on with the
             same.
    counts:  of training images, test images and classes; None where any will do.
    """

    name: str
    train: Iterable[Picture]
    test: Iterable[Picture]
    size: int
    origin: str
    view: int
    counts: tuple[int, int, int] | None = None
