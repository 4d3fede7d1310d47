"""The report: every question that the results can answer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions import (
    capacity,
    claims,
    clean_vs_corrupted,
    convergence,
    correlations,
    corruption,
    early_stopping,
    effects,
    expressivity,
    headline,
    kernels,
    learning_times,
    measures,
    min_norm,
    ranking,
    regularization_necessity,
    regularizers,
    reproduction,
    trouble,
)
from gensweep.analysis.tables.table import Table


@dataclass(frozen=True)
class Summary:
    """One question: the table that answers it, and a query that has rows where it can."""

    table: Callable[[Database], Table]
    needs: str

    def applies(self, db: Database) -> bool:
        return bool(db.table(f"{self.needs} limit 1").rows)


_RANDOMIZED = "from draws where randomization <> 'true_labels'"
_CORRUPTED = "from draws where corruption > 0"

SUMMARIES: dict[str, Summary] = {
    "headline": Summary(headline.headline_table, headline.NEEDS),
    "trouble": Summary(trouble.trouble_table, trouble.NEEDS),
    "ranking": Summary(ranking.ranking_table, ranking.NEEDS),
    "effects": Summary(effects.effects_table, effects.NEEDS),
    "claims": Summary(claims.claims_table, claims.NEEDS),
    "convergence": Summary(convergence.convergence_table, _RANDOMIZED),
    "corruption": Summary(corruption.corruption_table, _CORRUPTED),
    "clean_vs_corrupted": Summary(
        clean_vs_corrupted.clean_vs_corrupted_table, clean_vs_corrupted.NEEDS
    ),
    "early_stopping": Summary(early_stopping.early_stopping_table, early_stopping.NEEDS),
    "regularizers": Summary(regularizers.regularizers_table, regularizers.NEEDS),
    "regularization_necessity": Summary(
        regularization_necessity.regularization_necessity_table, regularization_necessity.NEEDS
    ),
    **{name: Summary(beside.table, beside.needs) for name, beside in reproduction.TABLES.items()},
    "learning_times": Summary(learning_times.learning_times_table, learning_times.NEEDS),
    "measures": Summary(measures.measures_table, measures.NEEDS),
    "correlations": Summary(correlations.correlations_table, correlations.NEEDS),
    "expressivity": Summary(expressivity.expressivity_table, expressivity.NEEDS),
    "min_norm": Summary(min_norm.min_norm_table, min_norm.NEEDS),
    "kernels": Summary(kernels.kernels_table, kernels.NEEDS),
    "capacity": Summary(capacity.capacity_table, capacity.NEEDS),
}

# What summaries were called until 0.1; taken for one version more.
OLD_NAMES = {"needed": "regularization_necessity", "subsets": "clean_vs_corrupted"}

# What goes by one name, summaries and figures.
SECTIONS = {
    "theory": (
        *("expressivity", "min_norm", "kernels", "table_3", "capacity"),
        *("residuals", "minimum_norm", "kernel_error"),
    ),
}


# What the paper asks, whether trials feed it or not.
PAPER = ("claims", "convergence", "corruption", *reproduction.TABLES)


def asked(
    db: Database, only: Collection[str] | None = None, paper: bool = False
) -> dict[str, Summary]:
    """The summaries named, in the report's order; without names, every one that applies.

    paper: and every one that the paper asks for.
    """
    if only is not None:
        return {name: summary for name, summary in SUMMARIES.items() if name in only}
    return {
        name: summary
        for name, summary in SUMMARIES.items()
        if (paper and name in PAPER) or summary.applies(db)
    }


def report_tables(
    db: Database, only: Collection[str] | None = None, paper: bool = False
) -> list[Table]:
    """The tables of the summaries asked for. Of the claims, a report of everything has those that
    are decided, unless it is about the paper.
    """
    tables = {name: summary.table(db) for name, summary in asked(db, only, paper).items()}
    if only is None and not paper and "claims" in tables:
        tables["claims"] = claims.decided(tables["claims"])
    return [*tables.values()]
