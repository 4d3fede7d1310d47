"""One screen: what a sweep found, one picture of it, and what to ask next."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from shlex import quote

from rich.cells import cell_len
from rich.text import Text

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.figure import Figure, Panel
from gensweep.cli.options import RESULTS
from gensweep.cli.text_tables import emit_text, stdout

_PICTURES = ("figure_1a", "learning_curves")  # the first that has something to draw
_MOST_CURVES = 8  # that can be told apart
_MOST_ROWS, _LEAST_ROWS = 16, 5  # of a plot
_AROUND = 7  # lines of a plot besides its rows and its legend: titles, axes
_SCREEN = (80, 24)


def emit_brief(db: Database, results: str, sweep: str | None) -> None:
    """Print it to stdout, so that it fits a terminal of 80 by 24 where the headline is short."""
    from gensweep.analysis.questions.headline import headline_table

    said, following, console = headline_table(db), _next(results, sweep), stdout()
    on_terminal = sys.stdout.isatty()
    width = max(console.width if on_terminal else min(console.width, _SCREEN[0]), 40)
    height = os.get_terminal_size(sys.stdout.fileno()).lines if on_terminal else 10 * _SCREEN[1]
    texts = [*(sentence for (sentence,) in said.rows), *following]
    room = height - sum(-(-cell_len(text) // width) for text in texts) - 4  # title, gaps, prompt
    emit_text([said])
    if (figure := _picture(db)) and (drawn := _drawn(figure, width, room)):
        console.print()
        console.print(Text(figure.title, style="bold"))
        console.print(Text(drawn))
    console.print()
    for line in following:
        console.print(Text(line, style="dim"))


def _picture(db: Database) -> Figure | None:
    """Of the panels of a figure that few curves make, the one of the longest training."""
    from gensweep.analysis.figures.registry import FIGURES

    for name in _PICTURES:
        figure = FIGURES[name](db)
        small = [panel for panel in figure.panels if 0 < len(panel.curves) <= _MOST_CURVES]
        if small:
            return replace(figure, panels=[max(small, key=_length)])
    return None


def _length(panel: Panel) -> float:
    return max((x for curve in panel.curves for x in curve.x), default=0.0)


def _drawn(figure: Figure, width: int, room: int) -> str:
    from gensweep.analysis.drawing.terminal import terminal  # here, as it is slow to load

    (panel,) = figure.panels
    legend = -(-sum(cell_len(curve.name) + 5 for curve in panel.curves) // width)
    rows = min(_MOST_ROWS, room - legend - _AROUND)
    return terminal(figure, width, rows, compact=True) if rows >= _LEAST_ROWS else ""


def _next(results: str, sweep: str | None) -> list[str]:
    of, only = (f" {sweep}", f" --sweep {sweep}") if sweep else ("", "")
    default = os.environ.get("GENSWEEP_RESULTS", RESULTS)
    there = "" if results == default else f" --results {quote(results)}"
    asked = {
        f"gensweep report{of}{there}": "every answer in full",
        f"gensweep report{of}{there} --html report.html": "and every figure, as a page",
        f'gensweep query "from trials"{only}{there}': "SQL",
    }
    longest = max(map(len, asked))
    return [f"{command:{longest}}  {about}" for command, about in asked.items()]
