from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from gensweep.trainables.datasets import decoding
from gensweep.trainables.datasets.decoding import LARGEST, check, decode, size_of


def picture(height: int = 37, width: int = 50) -> Image.Image:
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB")).transpose(2, 0, 1)


def by_pillow(content: bytes) -> NDArray[np.uint8]:
    return pixels(Image.open(io.BytesIO(content)))


def without(content: bytes, marker: bytes) -> bytes:
    """A JPEG without its first segment of this kind."""
    at = content.index(marker)
    return content[:at] + content[at + 2 + int.from_bytes(content[at + 2 : at + 4]) :]


CMYK = encoded(picture().convert("CMYK"), quality=95)
YCCK = CMYK[: (at := CMYK.index(b"Adobe") + 11)] + b"\x02" + CMYK[at + 1 :]
GOOD = {
    "jpeg": encoded(picture()),
    "progressive": encoded(picture(), progressive=True),
    "grey": encoded(picture().convert("L")),
    "cmyk": CMYK,
    "ycck": YCCK,
    "cmyk without adobe": without(CMYK, b"\xff\xee"),
    "png": encoded(picture(), "PNG"),
    "grey png": encoded(picture().convert("L"), "PNG"),
    "palette png": encoded(picture().convert("P"), "PNG"),
    "black and white png": encoded(picture().convert("1"), "PNG"),
    "transparent png": encoded(picture().convert("RGBA"), "PNG"),
}


@pytest.mark.parametrize("name", GOOD)
def test_pixels_are_those_of_pillow(name: str) -> None:
    found = decode(GOOD[name])
    np.testing.assert_array_equal(found.numpy(), by_pillow(GOOD[name]))
    assert found.permute(1, 2, 0).is_contiguous()
    assert check(GOOD[name]) == size_of(GOOD[name]) == (37, 50)


@pytest.mark.parametrize("name", GOOD)
def test_without_torchvision_pixels_are_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = decode(GOOD[name])
    monkeypatch.setattr(decoding, "decode_jpeg", None)
    assert torch.equal(decode(GOOD[name]), expected)


def test_a_cmyk_image_has_the_colours_it_was_made_from() -> None:
    assert np.abs(decode(CMYK).numpy().astype(int) - pixels(picture())).mean() < 2.0


def test_a_png_of_16_bits_keeps_the_upper_8() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (5, 6), dtype=np.uint16)
    found = decode(encoded(Image.fromarray(values), "PNG"))
    np.testing.assert_array_equal(found.numpy(), np.stack([values >> 8] * 3))


def test_the_orientation_of_a_camera_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    assert decode(encoded(picture(), exif=exif)).shape == (3, 37, 50)


@pytest.mark.parametrize("name", ["jpeg", "progressive", "cmyk", "png"])
def test_what_ends_early_is_refused(name: str) -> None:
    content = GOOD[name]
    whole = len(content) - (12 if name == "png" else 0)  # a PNG's last mark has no pixels
    for end in [*range(0, whole, 53), *range(whole - 50, whole - 10)]:
        for read in (decode, check):
            with pytest.raises(ValueError, match=r"damaged|neither"):
                read(content[:end])


@pytest.mark.parametrize("content", [b"", b"x" * 500, b"GIF89a" + b"0" * 99, b"\xff\xd8\xff"])
def test_what_is_no_image_is_refused(content: bytes) -> None:
    for read in (decode, check, size_of):
        with pytest.raises(ValueError, match=r"neither a JPEG nor a PNG|no frame"):
            read(content)


def bomb(height: int, width: int) -> bytes:
    """A small PNG that says it has so many pixels."""
    content = encoded(picture(), "PNG")
    header = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + content[24:29]
    return content[:12] + header + zlib.crc32(header).to_bytes(4) + content[33:]


def test_an_image_of_too_many_pixels_is_refused_by_its_header() -> None:
    jpeg = bytearray(encoded(picture()))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    for content in (bytes(jpeg), bomb(13_378, 13_378)):
        for read in (decode, check):
            with pytest.raises(ValueError, match=f"more than {LARGEST:,}"):
                read(content)


def test_an_image_without_pixels_is_refused() -> None:
    for content in (bomb(0, 5), bomb(5, 0)):
        with pytest.raises(ValueError, match="no size"):
            decode(content)


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(GOOD)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_damage_is_refused_or_read_alike(name: str, changes: list[tuple[float, int]]) -> None:
    content = bytearray(GOOD[name])
    for share, value in changes:
        content[int(share * len(content))] = value
    try:
        size = check(bytes(content))
    except ValueError:
        return
    assert decode(bytes(content)).shape == (3, *size)
