"""JPEG and PNG files into pixels.

What an image is, its content says, not its name: n02105855_2933.JPEG of ImageNet is a PNG. Grey,
palette and CMYK images become RGB, transparency is dropped, and PNGs of 16 bits keep the upper 8,
all as TensorFlow's `decode_jpeg` and `decode_png` with `channels=3` do. The orientation in a
camera's EXIF data is ignored, as there.

CMYK and YCCK are taken to be inverted, as Adobe's programs write them; torchvision and Pillow
agree on this, and give equal pixels.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

try:
    from torchvision.io import ImageReadMode, decode_jpeg
except ImportError:  # since 0.29, torchvision announces that its decoders will go
    decode_jpeg = None

LARGEST = 89_478_485  # pixels; beyond, Pillow warns of a decompression bomb

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# Start of frame: every 0xFFCn but the tables of Huffman and arithmetic codes, and an extension.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}  # markers without a length


def decode(content: bytes) -> Tensor:
    """The pixels as uint8 (3, H, W), channels last in memory.

    Raises ValueError for what is neither JPEG nor PNG, is damaged or ends early, or has more than
    LARGEST pixels. Threads can decode at the same time.
    """
    size_of(content)
    # torchvision's decoder of PNGs crashes the process at some damaged ones.
    return _by_pillow(content) if content.startswith(_PNG) else _jpeg(content)


def check(content: bytes) -> tuple[int, int]:
    """Height and width of an image that `decode` accepts and Pillow loads to its end.

    Raises ValueError as `decode` does. It takes twice as long, and is meant for the preparation of
    a dataset. Neither notices damage within an image that ends where it should: libjpeg makes up
    pixels for it.
    """
    size = size_of(content)
    with _opened(content):
        pass
    found = decode(content).shape[1:]
    if tuple(found) != size:
        raise ValueError(f"the image is damaged: its header says {size}, it has {tuple(found)}")
    return size


def size_of(content: bytes) -> tuple[int, int]:
    """Height and width, by the header alone. Raises ValueError as `decode` does."""
    if content.startswith(_PNG):
        size = int.from_bytes(content[20:24]), int.from_bytes(content[16:20])
    elif content.startswith(_JPEG):
        size = _size_of_jpeg(content)
    else:
        raise ValueError("neither a JPEG nor a PNG image")
    height, width = size
    if not height * width:
        raise ValueError("the image is damaged: its header gives no size")
    if height * width > LARGEST:
        raise ValueError(f"{width} x {height} pixels are more than {LARGEST:,}")
    return size


def _size_of_jpeg(content: bytes) -> tuple[int, int]:
    at = 2
    while (at := content.find(0xFF, at)) >= 0 and at + 9 <= len(content):
        marker = content[at + 1]
        if marker in _FRAMES:
            return int.from_bytes(content[at + 5 : at + 7]), int.from_bytes(
                content[at + 7 : at + 9]
            )
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _ALONE or marker == 0x00:
            at += 2
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4])
    raise ValueError("the image is damaged: it has no frame")


def _jpeg(content: bytes) -> Tensor:
    """By torchvision, a fifth faster than Pillow, which makes the same pixels."""
    if decode_jpeg is None:
        return _by_pillow(content)
    # A copy, because torch warns of memory that it must not write to.
    encoded = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    try:
        image: Tensor = decode_jpeg(encoded, mode=ImageReadMode.RGB)
    except RuntimeError as error:
        reason = str(error).splitlines()[0].rsplit(", ", 1)[-1]
        raise ValueError(f"the image is damaged: {reason}") from error
    return image


def _by_pillow(content: bytes) -> Tensor:
    with _opened(content) as image:
        if image.mode.startswith("I"):  # 16 bits, which Pillow would clip, not scale, to 8
            grey = (np.asarray(image).astype(np.int64) >> 8).astype(np.uint8)
            pixels = np.stack([grey] * 3, axis=2)
        else:
            pixels = np.array(image.convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1)


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """Raises ValueError for whatever Pillow says of a file, for which it has no one type."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as image:
            image.load()
            yield image
    except UnidentifiedImageError:
        raise ValueError("the image is damaged: its header cannot be read") from None
    except Exception as error:
        raise ValueError(f"the image is damaged: {error}") from error
