"""ImageNet (ILSVRC 2012): 1 281 167 training and 50 000 validation images of 1000 classes.

It is read from its official archives or from a folder; `orchestrator.prepare` reads Parquet.
Classes are named by their WordNet ids, and labels are the order of these ids. The images of the
official test set have no published labels: results are about the validation set.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.archives import members, read_members
from gensweep.trainables.datasets.image_folder import ImageFolder
from gensweep.trainables.datasets.pictures import Picture, Pictures
from gensweep.trainables.errors import DataError

TRAIN, TEST = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
DEVKIT = "ILSVRC2012_devkit_t12.tar.gz"
_META, _TRUTH = "meta.mat", "ILSVRC2012_validation_ground_truth.txt"
_WNID = re.compile(r"n\d{8}")
_MOST_IMAGE = 100_000_000  # bytes; the largest has 15 MB
_MOST_CLASS = 1_000_000_000  # bytes of a class's archive; they have up to 0.2 GB


def read(source: Path) -> Pictures | None:
    """The archives in a folder, or train/WNID/*.JPEG with val/WNID/*.JPEG, or with val/*.JPEG and
    the development kit; None if it holds none of these.

    Raises ValueError for an archive or a kit that is missing.
    """
    if not source.is_dir():
        return None
    if (source / TRAIN).exists() or (source / TEST).exists():
        return _from_archives(source)
    if not (source / "train").is_dir():
        return None
    if flat := sorted((source / "val").glob("*.JPEG")):
        return _from_flat(source, flat)
    folder = ImageFolder(source)
    sizes = [sum(size for _, _, size in split.images) for split in (folder.train, folder.test)]
    return pictures(folder.train.pictures(), folder.test.pictures(), sum(sizes), folder.digest)


def download(folder: Path) -> Any:
    raise DataError(
        "dataset imagenet",
        "can be downloaded from image-net.org by its registered users alone",
        todo="fetch it there and run `gensweep data prepare imagenet --from PATH`",
    )


def pictures(train: Iterator[Picture], test: Iterator[Picture], size: int, origin: str) -> Pictures:
    """The dataset, with the counts that it must have."""
    about = DATASETS["imagenet"]
    counts = about.train, about.test, about.classes
    return Pictures("imagenet", train, test, size, origin, about.view, counts)


def official_name(name: str) -> str:
    """The name of an image's file as published, of which some copies repeat the class."""
    return re.sub(r"_n\d{8}(?=\.JPEG$)", "", PurePosixPath(name).name)


def _from_archives(source: Path) -> Pictures:
    for name in (TRAIN, TEST):
        if not (source / name).is_file():
            raise ValueError(f"there is no {name} in it")
    train, test = source / TRAIN, source / TEST
    sizes = train.stat().st_size, test.stat().st_size
    wnids = _validation_wnids(source)
    return pictures(_train(train), _named(_test(test), wnids), sum(sizes), f"archives of {sizes}")


def _from_flat(source: Path, flat: list[Path]) -> Pictures:
    wnids = _validation_wnids(source)
    train = ImageFolder(source).train
    sizes = [size for _, _, size in train.images], [path.stat().st_size for path in flat]
    test = ((path.name, path.read_bytes()) for path in flat)
    size, origin = sum(map(sum, sizes)), f"flat folder of {tuple(map(sum, sizes))}"
    return pictures(train.pictures(), _named(test, wnids), size, origin)


def _train(path: Path) -> Iterator[Picture]:
    """An archive of one archive per class."""
    with path.open("rb") as outer:
        for name, archive in members(outer, _MOST_CLASS):
            kind = PurePosixPath(name).stem
            if not _WNID.fullmatch(kind):
                raise ValueError(f"{name[:100]} is no archive of a class")
            for image, content in members(io.BytesIO(archive), _MOST_IMAGE):
                yield Picture(kind, PurePosixPath(image).name, content)


def _test(path: Path) -> Iterator[tuple[str, bytes]]:
    with path.open("rb") as archive:
        for name, content in members(archive, _MOST_IMAGE):
            yield PurePosixPath(name).name, content


def _named(images: Iterator[tuple[str, bytes]], wnids: Mapping[int, str]) -> Iterator[Picture]:
    for name, content in images:
        number = re.fullmatch(r"ILSVRC2012_val_(\d{8})\.JPEG", name)
        if not number or int(number[1]) not in wnids:
            raise ValueError(f"{name[:100]} is no image of the validation set")
        yield Picture(wnids[int(number[1])], name, content)


def _validation_wnids(source: Path) -> dict[int, str]:
    """The class of each validation image, which are numbered from 1."""
    files = _devkit(source)
    from scipy.io import loadmat  # loads slowly

    try:
        synsets = loadmat(io.BytesIO(files[_META]), squeeze_me=True)["synsets"]
        wnid_of = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in synsets}
        numbers = [int(line) for line in files[_TRUTH].split()]
        return {image: wnid_of[number] for image, number in enumerate(numbers, start=1)}
    except Exception as error:  # whatever a damaged file makes its reader raise
        raise ValueError(f"the development kit cannot be read ({error})"[:200]) from error


def _devkit(source: Path) -> dict[str, bytes]:
    names = (_META, _TRUTH)
    for kit in sorted(source.glob("ILSVRC2012_devkit*.tar.gz")):
        if (found := read_members(kit, names, _MOST_IMAGE)) and len(found) == len(names):
            return found
    unpacked = {path.name: path for name in names for path in source.rglob(name)}
    if len(unpacked) == len(names):
        return {name: path.read_bytes() for name, path in unpacked.items()}
    raise ValueError(f"there is no development kit in it, {DEVKIT}, with the validation labels")
