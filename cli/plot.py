"""`gensweep plot`: the paper's figures, from the results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gensweep.analysis.tables.table import Table
from gensweep.cli.exits import say
from gensweep.cli.formats import Format
from gensweep.cli.options import (
    RESULTS,
    FormatOption,
    Results,
    SafeCsv,
    SweepName,
    given_path,
)
from gensweep.cli.output import emit
from gensweep.cli.reading import opened
from gensweep.trainables.names import unknown


def plot(
    name: Annotated[str, typer.Argument(help="Such as figure_1b, or 1b.", metavar="FIGURE")],
    sweep: SweepName = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="Write a picture: .png, .svg or .pdf.",
            metavar="FILE",
            parser=given_path,
        ),
    ] = None,
    results: Results = RESULTS,
    format_: FormatOption = None,
    safe_csv: SafeCsv = False,
) -> None:
    """Draw a figure in the terminal or as a picture.

    With --format it prints the points. figure_1a, figure_1b, figure_1c, figure_2a and figure_2b are
    the paper's; learning_curves and order_of_learning show every model; residuals, minimum_norm and
    kernel_error show the theory.
    """
    from gensweep.analysis.drawing.picture import ENDINGS, left_out, save
    from gensweep.analysis.figures.points import points_table, refuse_empty
    from gensweep.analysis.figures.registry import FIGURES, full_name, make_figure

    if full_name(name) is None:
        what = "; ".join(unknown("figure", name, FIGURES))
        raise typer.BadParameter(what, param_hint="FIGURE")
    if output and output.suffix.lower() not in ENDINGS:
        what = f"{output} has none of the endings {', '.join(ENDINGS)}"
        raise typer.BadParameter(what, param_hint="--output")
    with opened(results, sweep) as db:
        figure = make_figure(db, name)
    refuse_empty(figure)
    if output:
        save(figure, output)
        say(f"wrote {output}" + (f" ({note})" if (note := left_out(figure)) else ""))
        return
    if format_ in (None, Format.TABLE):
        drawn = Table(figure.name, [], [], figure.title, notes=figure.notes, plot=figure)
        emit([drawn], Format.TABLE)
    else:
        emit([points_table(figure)], format_, safe_csv)
