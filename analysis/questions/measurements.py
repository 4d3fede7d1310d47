"""What a trial of the theory has measured."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.table import Table

_QUERY = """
select name, place, value from measurements where trial_id = ? order by place nulls first
"""


def measurements(db: Database, trial_id: str) -> Table:
    """A row per name and place; first what was measured once, which has no place."""
    return db.table(_QUERY, [trial_id], "measurements")


def measured_once(table: Table) -> dict[str, float]:
    return {r["name"]: r["value"] for r in table.records() if r["place"] is None}
