"""The report: every question that the results can answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analysis import convergence, corruption
from analysis.database import Database
from analysis.paper import table_1
from analysis.tables import Table


@dataclass(frozen=True)
class Summary:
    """One question: its figures, how they are written for a person, and when there are any."""

    figures: Callable[[Database], Table]
    for_people: Callable[[Table], Table]
    applies: Callable[[Database], bool] = lambda _: True


SUMMARIES: dict[str, Summary] = {
    "convergence": Summary(convergence.convergence_table, convergence.for_people),
    "corruption": Summary(corruption.corruption_table, corruption.for_people),
    "table_1": Summary(table_1.table_1, table_1.for_people, table_1.has_trials),
}


def report_tables(db: Database, people: bool) -> list[Table]:
    """Every summary that applies to the results.

    people: numbers written out for reading, with plots; otherwise bare values for programs.
    """
    asked = [summary for summary in SUMMARIES.values() if summary.applies(db)]
    return [s.for_people(s.figures(db)) if people else s.figures(db) for s in asked]
