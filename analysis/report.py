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
    """One question: the table that answers it, and a query that has rows where it can.

    of_paper: the paper asks it; in a report on the paper it stands even where no trial feeds it.
    fed:      the part of the table that trials feed, where that is not all of it.
    """

    table: Callable[[Database], Table]
    needs: str
    of_paper: bool = False
    fed: Callable[[Table], Table] = lambda table: table

    def applies(self, db: Database) -> bool:
        return bool(db.table(f"{self.needs} limit 1").rows)


SUMMARIES: dict[str, Summary] = {
    "headline": Summary(headline.headline_table, headline.NEEDS),
    "trouble": Summary(trouble.trouble_table, trouble.NEEDS),
    "ranking": Summary(ranking.ranking_table, ranking.NEEDS),
    "effects": Summary(effects.effects_table, effects.NEEDS),
    "claims": Summary(claims.claims_table, claims.NEEDS, of_paper=True, fed=claims.decided),
    "convergence": Summary(convergence.convergence_table, convergence.NEEDS, of_paper=True),
    "corruption": Summary(corruption.corruption_table, corruption.NEEDS, of_paper=True),
    "clean_vs_corrupted": Summary(
        clean_vs_corrupted.clean_vs_corrupted_table, clean_vs_corrupted.NEEDS
    ),
    "early_stopping": Summary(early_stopping.early_stopping_table, early_stopping.NEEDS),
    "regularizers": Summary(regularizers.regularizers_table, regularizers.NEEDS),
    "regularization_necessity": Summary(
        regularization_necessity.regularization_necessity_table, regularization_necessity.NEEDS
    ),
    **{
        name: Summary(beside.table, beside.needs, of_paper=True)
        for name, beside in reproduction.TABLES.items()
    },
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


def asked(db: Database, only: Collection[str] | None = None, paper: bool = False) -> list[Summary]:
    """The summaries named, in the report's order; without names, every one that applies.

    paper: and every one that the paper asks for.
    """
    if only is not None:
        return [summary for name, summary in SUMMARIES.items() if name in only]
    return [s for s in SUMMARIES.values() if (paper and s.of_paper) or s.applies(db)]


def report_tables(
    db: Database, only: Collection[str] | None = None, paper: bool = False
) -> list[Table]:
    """The tables of the summaries asked for: whole where they are named or the paper is asked for,
    else as far as trials feed them.
    """
    tables = [(summary, summary.table(db)) for summary in asked(db, only, paper)]
    whole = paper or only is not None
    return [table if whole else summary.fed(table) for summary, table in tables]
