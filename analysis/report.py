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
    expressivity,
    kernels,
    learning_times,
    measures,
    min_norm,
    regularization_necessity,
    regularizers,
    reproduction,
)
from gensweep.analysis.tables.table import Table


@dataclass(frozen=True)
class Summary:
    """One question: the table that answers it, and whether the results have anything to say."""

    table: Callable[[Database], Table]
    applies: Callable[[Database], bool] = lambda _: True


def _of_networks(db: Database) -> bool:
    """Whether trials train networks, or there are none at all yet."""
    counted = """
        select count(*) filter (not network), count(*) filter (network)
        from trials join trainables using (trainable)
    """
    theory, networks = db.table(counted).rows[0]
    return bool(networks) or not theory


SUMMARIES: dict[str, Summary] = {
    "claims": Summary(claims.claims_table, claims.has_trials),
    "convergence": Summary(convergence.convergence_table, _of_networks),
    "corruption": Summary(corruption.corruption_table, _of_networks),
    "clean_vs_corrupted": Summary(
        clean_vs_corrupted.clean_vs_corrupted_table, clean_vs_corrupted.has_trials
    ),
    "early_stopping": Summary(early_stopping.early_stopping_table, early_stopping.has_trials),
    "regularizers": Summary(regularizers.regularizers_table, regularizers.has_pairs),
    "regularization_necessity": Summary(
        regularization_necessity.regularization_necessity_table,
        regularization_necessity.has_trials,
    ),
    **{name: Summary(beside.table, beside.applies) for name, beside in reproduction.TABLES.items()},
    "learning_times": Summary(learning_times.learning_times_table, learning_times.has_examples),
    "measures": Summary(measures.measures_table, measures.has_measures),
    "correlations": Summary(correlations.correlations_table, correlations.has_enough_trials),
    "expressivity": Summary(expressivity.expressivity_table, expressivity.has_trials),
    "min_norm": Summary(min_norm.min_norm_table, min_norm.has_trials),
    "kernels": Summary(kernels.kernels_table, kernels.has_trials),
    "capacity": Summary(capacity.capacity_table, capacity.has_trials),
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


def asked(db: Database, only: Collection[str] | None = None) -> list[Summary]:
    """The summaries named, in the report's order; without names, every one that applies."""
    if only is None:
        return [summary for summary in SUMMARIES.values() if summary.applies(db)]
    return [summary for name, summary in SUMMARIES.items() if name in only]


def report_tables(db: Database, only: Collection[str] | None = None) -> list[Table]:
    """The tables of the summaries asked for."""
    return [summary.table(db) for summary in asked(db, only)]
