"""The paper's claims, judged by our trials; the rules stand in views/claim_*.sql."""

from __future__ import annotations

from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import dataset_labels
from gensweep.analysis.tables.table import Table, without_empty

_QUERY = "from claims"


def claims_table(db: Database) -> Table:
    """A row per claim and dataset: verdict, the seeds behind it, and the reason."""
    table = db.table(_QUERY, name="claims")
    return Table("claims", table.columns, table.rows, sql=_QUERY)


def for_people(table: Table) -> Table:
    """The same with how sure we are beside the verdict."""
    records = table.records()
    rows = [
        [f"{r['claim']}", r["statement"], dataset, _verdict(r), r["reason"]]
        for r, dataset in zip(records, dataset_labels(records), strict=True)
    ]
    columns = ["claim", "statement", "dataset", "verdict", "reason"]
    return Table(
        "claims",
        *without_empty(columns, rows, ("dataset",)),
        title="The paper's claims, judged by our trials",
        notes=[
            "seeds: the fewest behind a case that decides; one seed is one draw",
            "the cases: gensweep query \"from evidence where claim = 'A'\"",
        ],
        sql=table.sql,
    )


def has_trials(db: Database) -> bool:
    """Whether any trial ended."""
    query = "select count(*) from trials where status in ('done', 'diverged')"
    return bool(db.table(query).rows[0][0])


def _verdict(record: dict[str, Any]) -> str:
    n = record["n"]
    sure = f" ({n} seed{'s' if n > 1 else ''})" if n else ""
    return f"{record['verdict']}{sure}"
