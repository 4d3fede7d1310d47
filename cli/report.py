"""`gensweep report`: what the results say, beside the paper."""

from __future__ import annotations

from cli.formats import Format
from cli.options import RESULTS, FormatOption, Results, SweepName
from cli.output import emit, emit_text
from cli.reading import opened


def report(
    sweep: SweepName = None,
    results: Results = RESULTS,
    format_: FormatOption = None,
) -> None:
    """Convergence time, error against corruption, and the paper's numbers beside ours."""
    from analysis.report import report_tables

    people = format_ in (None, Format.TABLE, Format.MARKDOWN)
    with opened(results, sweep) as db:
        tables = report_tables(db, people)
    emit(tables, format_ or Format.TABLE)


def report_sweep(results: str, sweep: str) -> None:
    """The report that ends a launch."""
    from analysis.report import report_tables

    with opened(results, sweep) as db:
        emit_text(report_tables(db, people=True))
