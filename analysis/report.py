"""The report: every question that the results can answer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions import (
    capacity,
    claims,
    convergence,
    correlations,
    corruption,
    early_stopping,
    expressivity,
    kernels,
    learning_times,
    measures,
    min_norm,
    needed,
    regularizers,
    subsets,
)
from gensweep.analysis.questions import reproduction as beside
from gensweep.analysis.tables.table import Table


@dataclass(frozen=True)
class Summary:
    """One question: its figures, how they are written for a person, and when there are any."""

    figures: Callable[[Database], Table]
    for_people: Callable[[Table], Table]
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
    "claims": Summary(claims.claims_table, claims.for_people, claims.has_trials),
    "convergence": Summary(convergence.convergence_table, convergence.for_people, _of_networks),
    "corruption": Summary(corruption.corruption_table, corruption.for_people, _of_networks),
    "subsets": Summary(subsets.subsets_table, subsets.for_people, subsets.has_trials),
    "early_stopping": Summary(
        early_stopping.early_stopping_table, early_stopping.for_people, early_stopping.has_trials
    ),
    "regularizers": Summary(
        regularizers.regularizers_table, regularizers.for_people, regularizers.has_pairs
    ),
    "needed": Summary(needed.needed_table, needed.for_people, needed.has_trials),
    **{name: Summary(t.figures, t.for_people, t.applies) for name, t in beside.TABLES.items()},
    "learning_times": Summary(
        learning_times.learning_times_table,
        learning_times.for_people,
        learning_times.has_examples,
    ),
    "measures": Summary(measures.measures_table, measures.for_people, measures.has_measures),
    "correlations": Summary(
        correlations.correlations_table, correlations.for_people, correlations.has_enough_trials
    ),
    "expressivity": Summary(
        expressivity.expressivity_table, expressivity.for_people, expressivity.has_trials
    ),
    "min_norm": Summary(min_norm.min_norm_table, min_norm.for_people, min_norm.has_trials),
    "kernels": Summary(kernels.kernels_table, kernels.for_people, kernels.has_trials),
    "capacity": Summary(capacity.capacity_table, capacity.for_people, capacity.has_trials),
}


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


def report_tables(db: Database, people: bool, only: Collection[str] | None = None) -> list[Table]:
    """The summaries asked for, as tables.

    people: numbers written out for reading, with plots; otherwise bare values for programs.
    """
    bare = [(summary, summary.figures(db)) for summary in asked(db, only)]
    return [summary.for_people(table) if people else table for summary, table in bare]
