"""Image folders: train/CLASS/*.jpg and val/CLASS/*.jpg, of anybody's pictures."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gensweep.trainables.datasets import IMAGE_FOLDER, Source
from gensweep.trainables.datasets.pictures import Picture, Pictures
from gensweep.trainables.errors import DataError

LAYOUT = "a folder with train/CLASS/*.jpg and val/CLASS/*.jpg (or test/), JPEG or PNG"
_ENDINGS = (".jpg", ".jpeg", ".png")
_TEST = ("val", "validation", "test")


@dataclass(frozen=True)
class Listing:
    """The images of one split: (class, file name, bytes) in the order of their names."""

    folder: Path
    images: tuple[tuple[str, str, int], ...]

    @property
    def classes(self) -> set[str]:
        return {kind for kind, _, _ in self.images}

    def pictures(self) -> Iterator[Picture]:
        for kind, name, _ in self.images:
            yield Picture(kind, name, (self.folder / kind / name).read_bytes())


@dataclass(frozen=True)
class ImageFolder:
    """A folder that was listed, and not read. Raises DataError for one without images."""

    path: Path

    @cached_property
    def train(self) -> Listing:
        return self._listed("train")

    @cached_property
    def test(self) -> Listing:
        return self._listed(*_TEST)

    @property
    def digest(self) -> str:
        """SHA-256 of all names and sizes."""
        listed = (self.train.images, self.test.images)
        return hashlib.sha256(repr(listed).encode(errors="surrogateescape")).hexdigest()

    def source(self, view: int) -> Source:
        return Source(
            IMAGE_FOLDER,
            f"images of {self.path.name}",
            classes=len(self.train.classes),
            channels=3,
            size=0,
            view=view,
            train=len(self.train.images),
            test=len(self.test.images),
            forms=LAYOUT,
            encoded=True,
        )

    def pictures(self, name: str, view: int) -> Pictures:
        size = sum(image[2] for split in (self.train, self.test) for image in split.images)
        return Pictures(name, self.train.pictures(), self.test.pictures(), size, self.digest, view)

    def _listed(self, *names: str) -> Listing:
        """The folder of the first name that is there."""
        there = [folder for name in names if (folder := self.path / name).is_dir()]
        if not there:
            raise DataError(str(self.path), f"has no folder {' or '.join(names)}", LAYOUT)
        folder = there[0]
        try:
            kinds = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
            images = tuple(image for kind in kinds for image in _images(folder, kind))
        except OSError as error:
            raise DataError(str(folder), f"cannot be listed ({error.strerror})", LAYOUT) from error
        if not images:
            raise DataError(str(folder), "has no images in folders of classes", LAYOUT)
        return Listing(folder, images)


def _images(folder: Path, kind: str) -> Iterator[tuple[str, str, int]]:
    with os.scandir(folder / kind) as entries:
        found = sorted(
            (entry.name, entry.stat().st_size)
            for entry in entries
            if entry.name.lower().endswith(_ENDINGS) and Path(entry.path).is_file()
        )
    yield from ((kind, name, size) for name, size in found)
