"""The views, each made when a query first names it.

Making one means binding it to the tables below it, and for all of them that takes longer than
most queries do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import duckdb

from gensweep.analysis.database.paper_numbers import create_table
from gensweep.analysis.database.registries import create_registries
from gensweep.analysis.database.trial_columns import create_settings, create_trainables, expand

# In the order in which they build on each other.
VIEWS = (
    *("sweep_trials", "trials", "epochs", "steps", "classifiers", "measurements"),
    *("draws", "settings"),
    *("convergence", "corruption", "learning_curves", "early_stopping", "regularization"),
    *("loss_curves", "order_of_learning", "datasets", "models", "paper"),
    *("expressivity", "min_norm", "kernels", "capacity", "outcomes", "reproduction"),
    *("claim_a", "claim_b", "claim_c", "claim_d", "claim_d_linear", "claim_e", "claim_e_capacity"),
    *("evidence", "claims", "measures", "correlations", "examples", "learning_times"),
)

# Views over rows that are in no results folder: what puts them into the database.
_ROWS: dict[str, Callable[[duckdb.DuckDBPyConnection], None]] = {
    "trials": create_settings,
    "paper": create_table,
}

# What lists the views, and so must find them all.
_LISTS = re.compile(r"\b(show|summarize|information_schema|\w*_catalog|duckdb_\w+|pragma\w*)\b")


class Catalog:
    """The views of one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._made: set[str] = set()
        create_trainables(connection)
        create_registries(connection)
        for name in ("macros", "rules"):
            connection.execute(_sql(name))

    def make(self, query: str) -> None:
        """Have every view there that the query may ask: each whose name is a word of it."""
        text = query.lower()
        needed = set(VIEWS) if _LISTS.search(text) else _named(text)
        for place, view in reversed([*enumerate(VIEWS)]):
            if view in needed:
                needed |= _named(_sql(view)) & set(VIEWS[:place])
        for view in VIEWS:
            if view in needed - self._made:
                if view in _ROWS:
                    _ROWS[view](self._connection)
                self._connection.execute(_sql(view))
                self._made.add(view)


def _named(text: str) -> set[str]:
    return set(re.findall(r"\w+", text)) & set(VIEWS)


@cache
def _sql(name: str) -> str:
    return expand(
        files("gensweep.analysis.database").joinpath(f"views/{name}.sql").read_text("utf-8")
    )
