"""The dataset registry. Looking a name up loads nothing; `load` opens the arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from gensweep.trainables.errors import DataError

if TYPE_CHECKING:
    from gensweep.trainables.datasets.arrays import Dataset


@dataclass(frozen=True)
class Source:
    """What is known of a dataset without opening it.

    module: the file of this package that has its ``load(data_dir) -> Dataset``.
    size:   height and width of its images, in pixels; 0 where each has its own.
    view:   height and width of what a network sees: the central view, or a random crop.
    train, test: how many examples there are.
    forms:  of a dataset that `gensweep data prepare` must bring: the files that it reads, in words.
            The module then also has ``download(folder) -> Dataset``; ``read(path) -> Dataset``, or
            None where the path holds none of these files; and ``verified(train_images,
            train_labels, test_images, test_labels) -> Dataset``, which raises DataError for arrays
            that are not the official ones. Where it may be larger than the memory, these give an
            ``Arriving``, and it has ``arriving(train, test) -> Arriving`` in place of ``verified``.
    encoded: whether its images stay encoded on disk, and are decoded when they are needed. Its
            module's ``read`` and ``download`` give ``Pictures``, and it needs no ``load``.
    fit_error: the largest training error that counts as fitted, where it is not 1 %.
    digest: of a user's dataset: SHA-256 of its names, labels and contents.
    """

    module: str
    about: str
    classes: int
    channels: int
    size: int
    view: int
    train: int
    test: int
    forms: str = ""
    encoded: bool = False
    fit_error: float | None = None
    digest: str = ""

    @property
    def has_margin(self) -> bool:
        """Whether there is more of an image than a network sees, to take random crops from."""
        return self.encoded or self.view < self.size

    @property
    def prepared(self) -> bool:
        """Whether `gensweep data prepare` must have brought it first."""
        return bool(self.forms)


_BATCHES = "a folder with train_data_batch_1.npz to _10.npz and val_data.npz"

DATASETS: dict[str, Source] = {
    "cifar10": Source(
        "cifar10",
        "32x32 colour photographs of 10 classes",
        classes=10,
        channels=3,
        size=32,
        view=28,
        train=50_000,
        test=10_000,
        forms="cifar-10-python.tar.gz, its folder",
    ),
    "mnist": Source(
        "mnist",
        "28x28 handwritten digits",
        classes=10,
        channels=1,
        size=28,
        view=28,
        train=60_000,
        test=10_000,
        forms="a folder with train-images-idx3-ubyte and its three companions",
    ),
    "imagenet32": Source(
        "imagenet32",
        "32x32 colour photographs of 1000 classes",
        classes=1000,
        channels=3,
        size=32,
        view=28,
        train=1_281_167,
        test=50_000,
        forms=_BATCHES,
    ),
    "imagenet64": Source(
        "imagenet64",
        "64x64 colour photographs of 1000 classes",
        classes=1000,
        channels=3,
        size=64,
        view=56,
        train=1_281_167,
        test=50_000,
        forms=_BATCHES,
    ),
    "imagenet": Source(
        "imagenet",
        "colour photographs of 1000 classes, of many sizes",
        classes=1000,
        channels=3,
        size=0,
        view=299,
        train=1_281_167,
        test=50_000,
        forms="a folder with ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar and the development "
        "kit, or with train/WNID/*.JPEG and val/WNID/*.JPEG",
        encoded=True,
        fit_error=0.13,  # networks that the paper calls fitted end at 87.81 %: views/rules.sql
    ),
    "digits": Source(
        "digits",
        "8x8 handwritten digits of scikit-learn",
        classes=10,
        channels=1,
        size=8,
        view=8,
        train=1437,
        test=360,
    ),
    "synthetic": Source(
        "synthetic",
        "noisy 12x12 prototypes, for tests",
        classes=10,
        channels=3,
        size=12,
        view=8,
        train=512,
        test=128,
    ),
}


BUILT_IN = frozenset(DATASETS)
IMAGE_FOLDER = "image_folder"  # the module of those that a sweep file brings along


def register(sources: Mapping[str, Source]) -> None:
    """Make datasets of the user's known in this process, in place of earlier ones of these names.

    They are those of a sweep file, and whoever runs its trials must be told of them.
    """
    assert not BUILT_IN & sources.keys()
    DATASETS.update(sources)


def module_of(name: str) -> ModuleType:
    """The file that knows how a dataset is read."""
    return import_module(f"{__name__}.{DATASETS[name].module}")


def load(name: str, data_dir: Path) -> Dataset:
    """Open a dataset of arrays. Raises DataError, with the commands that would bring it, if it is
    missing, and for one of encoded images.
    """
    if DATASETS[name].encoded:
        allowed = ", ".join(other for other, source in DATASETS.items() if not source.encoded)
        raise DataError(f"dataset {name}", "has images of many sizes", f"of one size: {allowed}")
    dataset: Dataset = module_of(name).load(data_dir)
    return dataset


def check_prepared(name: str, data_dir: Path) -> None:
    """Raise DataError for a dataset that trials could not read."""
    source = DATASETS.get(name)
    if source and source.encoded:
        from gensweep.trainables.datasets.encoded import open_encoded

        open_encoded(name, data_dir)
    elif source and source.prepared:  # a trial generates the others itself
        load(name, data_dir)
