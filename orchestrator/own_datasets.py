"""The datasets of a sweep file's author: prepared when they are first used, and never exchanged.

A trial is known by the name of its dataset. So under one name there is one content: a launch
refuses a folder that has changed, and to go on with trials that others have run on other images.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from gensweep.orchestrator.sweep import OwnDataset
from gensweep.trainables.datasets import Source
from gensweep.trainables.datasets.encoded import described
from gensweep.trainables.datasets.image_folder import ImageFolder
from gensweep.trainables.errors import DataError


def bring(
    datasets: Mapping[str, OwnDataset], data_dir: Path, tell: Callable[[str], None]
) -> dict[str, Source]:
    """What is known of the datasets, of which those that are not prepared are now.

    Raises DataError for a folder that cannot be prepared, or that is no longer as it was.
    """
    return {name: _bring(name, own, data_dir, tell) for name, own in datasets.items()}


def _bring(name: str, own: OwnDataset, data_dir: Path, tell: Callable[[str], None]) -> Source:
    folder = ImageFolder(own.folder)
    if not (data_dir / name / "dataset.json").exists():
        from gensweep.trainables.datasets.packing import pack  # it loads slowly

        train, test = len(folder.train.images), len(folder.test.images)
        found = f"{len(folder.train.classes)} classes, {train:,} training and {test:,} test images"
        tell(f"preparing dataset {name} from {own.folder}: {found}")
        pack(folder.pictures(name, own.view), data_dir, tell, again=False)
    about = described(name, data_dir)
    todo = f"give it another name, or remove {data_dir / name} and the results with it"
    if about["origin"] != folder.digest:
        raise DataError(str(own.folder), f"is not as it was when {name} was prepared", todo=todo)
    if about["view"] != own.view:
        what = f"is prepared for a view of {about['view']} pixels, not {own.view}"
        raise DataError(f"dataset {name}", what, todo=todo)
    seen = f"{about['digest']} at {own.view}"
    return replace(folder.source(own.view), digest=hashlib.sha256(seen.encode()).hexdigest())
