"""`gensweep report`: what the results say, beside the paper."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.table import Table, in_brief
from gensweep.cli.exits import printing_beside, say
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
from gensweep.trainables.shown import line

STDOUT = "-"
MOST_ROWS = 60  # of a table, in a report of everything

Html = Annotated[
    str | None,
    typer.Option(
        "--html",
        help="Write one HTML file with tables and interactive figures instead; - is stdout.",
        metavar="PATH",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="Only these summaries and, with --html, figures; with commas or repeated.",
        metavar="NAME",
    ),
]
Brief = Annotated[
    bool, typer.Option("--brief", help="One screen: the headline, a picture, what to ask next.")
]
Paper = Annotated[
    bool, typer.Option("--paper", help="All that the paper asks, also what no trials feed.")
]


def report(
    sweep: SweepName = None,
    results: Results = RESULTS,
    format_: FormatOption = None,
    safe_csv: SafeCsv = False,
    only: Only = None,
    html: Html = None,
    brief: Brief = False,
    paper: Paper = False,
) -> None:
    """Print what the trials found, and the paper's numbers beside ours.

    A headline, what went wrong, the best settings, the effect of each axis, and the paper's
    questions as far as trials feed them.
    """
    names = _names(only, figures=html is not None)
    if brief:
        if format_ or only or html is not None or paper:
            raise typer.BadParameter("goes with no other option", param_hint="--brief")
        report_sweep(results, sweep)
        return
    if html is not None:
        if format_:
            raise typer.BadParameter("is for text; leave out one of the two", param_hint="--format")
        target = _target(html)
        with opened(results, sweep) as db:
            _write(_page(db, results, sweep, names, paper), target)
        return
    from gensweep.analysis.report import report_tables

    with opened(results, sweep) as db:
        tables = report_tables(db, names, paper)
    if format_ in (None, Format.TABLE) and not names:
        tables = _in_brief(tables)
    emit(tables, format_ or Format.TABLE, safe_csv)


def report_sweep(results: str, sweep: str | None) -> None:
    """One screen, which also ends a launch."""
    from gensweep.cli.brief import emit_brief

    with opened(results, sweep) as db, printing_beside("the report"):
        emit_brief(db, results, sweep)


def _in_brief(tables: Sequence[Table]) -> list[Table]:
    """Long tables are cut, with a note on how to get the rest."""
    return [in_brief(table, MOST_ROWS, f"gensweep report --only {table.name}") for table in tables]


def _names(only: Sequence[str] | None, figures: bool) -> Collection[str] | None:
    """The names given; None means all."""
    from gensweep.analysis.report import OLD_NAMES, SECTIONS, SUMMARIES

    if only is None:
        return None
    known = list(SUMMARIES)
    if figures:
        from gensweep.analysis.figures.registry import FIGURES

        known += FIGURES
    parts = {part for option in only for name in option.split(",") if (part := name.strip())}
    parts = {OLD_NAMES.get(part, part) for part in parts}
    names = {name for part in parts for name in SECTIONS.get(part, [part])}
    wrong = sorted(parts - {*known, *SECTIONS})
    if wrong or not names:
        known += SECTIONS
        nothing = ("names nothing", "the names are " + ", ".join(known))
        said = unknown("name", wrong[0], known) if wrong else nothing
        raise typer.BadParameter("; ".join(said), param_hint="--only")
    return names


def _target(html: str) -> Path | None:
    """The file to write, links resolved; None is stdout. Checked before the work starts."""
    path = given_path(html).resolve()
    if html != STDOUT and path.exists() and not path.is_file():
        raise typer.BadParameter(f"{html} is not a file", param_hint="--html")
    return None if html == STDOUT else path


def _page(
    db: Database, results: str, sweep: str | None, names: Collection[str] | None, paper: bool
) -> bytes:
    from gensweep.analysis.html.page import page
    from gensweep.orchestrator.store.location import locate

    root = locate(results)
    place = root.resolve().name if isinstance(root, Path) else str(root)
    return page(db, line(place), sweep, names, paper).encode()


def _write(content: bytes, path: Path | None) -> None:
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    from gensweep.orchestrator.store.errors import StoreError
    from gensweep.orchestrator.store.files import publish

    try:
        publish(path.parent, path, content)
    except StoreError as error:
        raise StoreError(error.where, error.what, todo="choose another --html") from error
    say(f"wrote {path} ({len(content) / 1e6:.1f} MB)")
