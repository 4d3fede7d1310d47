"""Which trials are whose, and what a person calls them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import (
    RANDOMIZATION_ORDER,
    order_by,
)
from gensweep.analysis.tables.table import Table
from gensweep.trainables.models import MODELS, model_label
from gensweep.trainables.randomizations import randomization_label

LIKE = ("dataset", "model", "batch_norm", "regularizer", "randomization", "corruption")
ORDER = f"""
    dataset, {order_by("model", MODELS)}, model, batch_norm desc, regularizer,
    {order_by("randomization", RANDOMIZATION_ORDER)}, corruption
"""

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


def words(record: dict[str, Any]) -> list[str]:
    """Model and data; of what trains no network the trainable, and what it sets."""
    if record["epochs"] is None:
        return [record["trainable"], record["settings"]]
    return [
        model_label(record["model"], record["batch_norm"]),
        randomization_label(record["randomization"], record["corruption"]),
    ]
