"""`gensweep data`: list and prepare datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gensweep.analysis.tables.table import Table
from gensweep.cli.exits import tell
from gensweep.cli.options import Data, FormatOption, SafeCsv, data_folder, given_path
from gensweep.cli.output import emit
from gensweep.trainables.datasets import DATASETS

app = typer.Typer(help="List and prepare datasets.", add_completion=False, rich_markup_mode=None)


@app.command("list")
def list_(data: Data = None, format_: FormatOption = None, safe_csv: SafeCsv = False) -> None:
    """List the datasets and whether each is prepared."""
    folder = data_folder(data)
    rows = []
    for name, source in DATASETS.items():
        here = "yes" if (folder / name / "dataset.json").exists() else "no"
        state = here if source.prepared else "built in"
        side = source.size or "any"
        size = f"{source.channels}x{side}x{side}"
        rows.append([name, state, size, source.classes, source.train, source.test, source.about])
    columns = ["name", "here", "shape", "classes", "train", "test", "about"]
    emit([Table("datasets", columns, rows, title=f"Datasets in {folder}")], format_, safe_csv)


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
    from gensweep.trainables.names import unknown

    if name not in DATASETS:
        what, allowed = unknown("dataset", name, DATASETS)
        raise typer.BadParameter(f"{what}; {allowed}", param_hint="NAME")

    from gensweep.orchestrator.prepare import prepare as bring

    folder = bring(name, data_folder(data), source, tell)
    tell(f"{name} is in {folder}")
