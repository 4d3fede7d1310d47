"""The paper's claims, judged by our trials; the rules stand in views/claim_*.sql."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.shared_columns import DATASET
from gensweep.analysis.tables.table import Table

_QUERY = "from claims"
NEEDS = "from trials where status in ('done', 'diverged')"


def _verdict(record: dict[str, Any]) -> str:
    n = record["n"]
    sure = f" ({n} seed{'s' if n > 1 else ''})" if n else ""
    return f"{record['verdict']}{sure}"


_LAYOUT = (
    Column("claim"),
    Column("statement"),
    DATASET,
    Column("verdict", cell=_verdict),
    Column("reason"),
)


def claims_table(db: Database) -> Table:
    """A row per claim and dataset: verdict, the seeds behind it, and the reason."""
    return replace(
        db.table(_QUERY, name="claims"),
        title="The paper's claims, judged by our trials",
        layout=_LAYOUT,
        notes=[
            "seeds: the smallest number among the deciding cases; one seed is one draw",
            "the cases: gensweep query \"from evidence where claim = 'A'\"",
        ],
        sql=_QUERY,
    )
