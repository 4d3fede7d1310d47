"""Which trials are whose, and queries about two sweeps."""

from __future__ import annotations

from dataclasses import replace

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.table import Table

# A trial that both have is on both sides, so that each side is whole.
MEMBERS = """
select distinct trial_id, unnest(
    case when sweep = $a and sweep = $b then ['a', 'b'] when sweep = $a then ['a'] else ['b'] end
) as side
from sweep_trials where sweep in ($a, $b)
"""


def asked(db: Database, sql: str, name: str, a: str, b: str) -> Table:
    """The rows, with the query that a reader can paste."""
    sql = named(sql, a, b)
    return replace(db.table(sql, name=name), sql=sql)


def named(sql: str, a: str, b: str) -> str:
    """The query with the sweeps' names for $a and $b."""
    for name, value in (("$a", a), ("$b", b)):
        sql = sql.replace(name, "'" + value.replace("'", "''") + "'")
    return sql
