"""The figures by name."""

from __future__ import annotations

from collections.abc import Callable

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.figures.accuracy import figure_2a, figure_2b
from gensweep.analysis.figures.figure_1a import figure_1a
from gensweep.analysis.figures.figure_1b import figure_1b
from gensweep.analysis.figures.figure_1c import figure_1c
from gensweep.analysis.figures.kernel_error import kernel_error
from gensweep.analysis.figures.learning_curves import learning_curves
from gensweep.analysis.figures.minimum_norm import minimum_norm
from gensweep.analysis.figures.order_of_learning import order_of_learning
from gensweep.analysis.figures.residuals import residuals
from gensweep.analysis.tables.figure import Figure
from gensweep.trainables.names import unknown

FIGURES: dict[str, Callable[[Database], Figure]] = {
    "figure_1a": figure_1a,
    "figure_1b": figure_1b,
    "figure_1c": figure_1c,
    "figure_2a": figure_2a,
    "figure_2b": figure_2b,
    "learning_curves": learning_curves,
    "order_of_learning": order_of_learning,
    "residuals": residuals,
    "minimum_norm": minimum_norm,
    "kernel_error": kernel_error,
}


def full_name(name: str) -> str | None:
    """`figure_1b` of `1b` or `figure_1b`; None if there is no such figure."""
    return next((full for full in (name, f"figure_{name}") if full in FIGURES), None)


def make_figure(db: Database, name: str) -> Figure:
    """Raises QueryError if there is no figure of that name."""
    full = full_name(name)
    if full is None:
        raise QueryError("figure", *unknown("figure", name, FIGURES))
    return FIGURES[full](db)
