"""`gensweep data`: list and prepare datasets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from gensweep.analysis.tables.table import Table
from gensweep.cli.exits import tell
from gensweep.cli.options import Data, FormatOption, SafeCsv, data_folder, given_path
from gensweep.cli.output import emit
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.encoded import described
from gensweep.trainables.errors import DataError

app = typer.Typer(help="List and prepare datasets.", add_completion=False, rich_markup_mode=None)


@app.command("list")
def list_(data: Data = None, format_: FormatOption = None, safe_csv: SafeCsv = False) -> None:
    """List the datasets and whether each is prepared."""
    folder = data_folder(data)
    rows = []
    for name, source in DATASETS.items():
        here = "yes" if (folder / name / "dataset.json").exists() else "no"
        state = here if source.prepared else "built in"
        size = f"{source.channels}x{source.size or 'H'}x{source.size or 'W'}"
        rows.append([name, state, size, source.classes, source.train, source.test, source.about])
    rows += _own(folder)
    columns = ["name", "here", "shape", "classes", "train", "test", "about"]
    emit([Table("datasets", columns, rows, title=f"Datasets in {folder}")], format_, safe_csv)


def _own(folder: Path) -> Iterator[list[Any]]:
    """Those that a sweep file has brought, which are prepared there."""
    for place in sorted(folder.glob("[!.]*/dataset.json")):
        name = place.parent.name
        with suppress(DataError, KeyError):
            if name not in DATASETS:
                about = described(name, folder)
                side = about["view"]
                counts = [len(about["classes"]), about["train"], about["test"]]
                yield [name, "yes", f"3x{side}x{side}", *counts, "images of a sweep file"]


@app.command()
def prepare(
    name: Annotated[str, typer.Argument(help="The dataset, such as cifar10.", metavar="NAME")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Local files to read; without it, download.",
            metavar="PATH",
            parser=given_path,
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Download or read a dataset, verify it, and cache it."""
    _check_known(name)
    from gensweep.orchestrator.prepare import prepare as bring

    folder = bring(name, data_folder(data), source, tell)
    tell(f"{name} is in {folder}")


@app.command("export")
def export_(
    name: Annotated[str, typer.Argument(help="The dataset, such as digits.", metavar="NAME")],
    folder: Annotated[
        Path, typer.Argument(help="The new folder.", metavar="FOLDER", parser=given_path)
    ],
    train: Annotated[
        int | None, typer.Option(help="How many training images; all by default.", min=1)
    ] = None,
    test: Annotated[
        int | None, typer.Option(help="How many test images; all by default.", min=1)
    ] = None,
    data: Data = None,
) -> None:
    """Write a dataset as a folder of JPEG images, train/CLASS/ and test/CLASS/."""
    _check_known(name)
    from gensweep.orchestrator.image_files import write_folder

    written = write_folder(name, data_folder(data), folder, train, test)
    tell(f"{name} is in {written}")


def _check_known(name: str) -> None:
    from gensweep.trainables.names import unknown

    if name not in DATASETS:
        what, allowed = unknown("dataset", name, DATASETS)
        raise typer.BadParameter(f"{what}; {allowed}", param_hint="NAME")
