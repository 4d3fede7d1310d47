"""The paper's claims, judged by our trials; the rules stand in views/claim_*.sql."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.shared_columns import DATASET
from gensweep.analysis.tables.table import Table
from gensweep.trainables.datasets import DATASETS

_QUERY = "from claims"
_OPEN = "not enough runs"
NEEDS = f"from claims where verdict <> '{_OPEN}'"


def _verdict(record: dict[str, Any]) -> str:
    n = record["n"]
    sure = f" ({n} seed{'s' if n > 1 else ''})" if n else ""
    return f"{record['verdict']}{sure}"


def _fit_errors(datasets: Set[str]) -> Iterator[str]:
    """What counts as fitted, of the datasets of which it has to be said."""
    for name in sorted(datasets & DATASETS.keys()):
        if error := DATASETS[name].fit_error:
            yield f"fitted, on {name}: training error at most {100 * error:g} %, as in the paper"


_LAYOUT = (
    Column("claim"),
    Column("statement"),
    DATASET,
    Column("verdict", cell=_verdict),
    Column("reason"),
)


def decided(claims: Table) -> Table:
    """The claims that trials have decided, with a note on the others."""
    judged = [*zip(claims.rows, claims.records(), strict=True)]
    kept = [row for row, record in judged if record["verdict"] != _OPEN]
    open_ = [record for _, record in judged if record["verdict"] == _OPEN]
    others = sorted({f"{record['claim']} ({record['part']})" for record in open_})
    note = f"not decided by these trials: {', '.join(others)}; `--paper` says what they need"
    notes = [*claims.notes, *([note] if others else [])]
    return replace(claims, rows=kept, notes=notes)


def claims_table(db: Database) -> Table:
    """A row per claim and dataset: verdict, the seeds behind it, and the reason."""
    found = db.table(_QUERY, name="claims")
    return replace(
        found,
        title="The paper's claims, judged by our trials",
        layout=_LAYOUT,
        notes=[
            "seeds: the smallest number among the deciding cases; one seed is one draw",
            "the cases: gensweep query \"from evidence where claim = 'A'\"",
            *_fit_errors({str(record["dataset"]) for record in found.records()}),
        ],
        sql=_QUERY,
    )
