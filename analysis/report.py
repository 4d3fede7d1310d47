"""The report: every question that the results can answer."""

from __future__ import annotations

from analysis import convergence, corruption
from analysis.database import Database
from analysis.paper import table_1
from analysis.tables import Table


def report_tables(db: Database, people: bool) -> list[Table]:
    """Convergence time, error against corruption, and the paper's tables where we have trials.

    people: numbers written out for reading, with plots; otherwise bare values for programs.
    """
    tables = []
    for module, table in (
        (convergence, convergence.convergence_table(db)),
        (corruption, corruption.corruption_table(db)),
    ):
        tables.append(module.for_people(table) if people else table)
    if table_1.has_trials(db):
        table = table_1.table_1(db)
        tables.append(table_1.for_people(table) if people else table)
    return tables
