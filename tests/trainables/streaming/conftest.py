"""The slow path of benchmarks/streams/reference.py, and images to decode."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(scope="session")
def reference() -> Iterator[ModuleType]:
    sys.path.insert(0, str(BENCHMARKS))
    yield import_module("streams.reference")
    sys.path.remove(str(BENCHMARKS))


def picture(height: int, width: int, seed: int = 0) -> Image.Image:
    """Smooth, so that JPEG keeps it, and of many colours."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.fixture(scope="session")
def photos() -> list[bytes]:
    """JPEGs of odd sizes, and a PNG."""
    sizes = [(37, 50), (64, 41), (30, 30), (33, 90), (51, 52)]
    files = [encoded(picture(*size, seed), quality=95) for seed, size in enumerate(sizes)]
    return [*files, encoded(picture(40, 45, 9), "PNG")]
