"""The database as a notebook has it: with the figures, and two views that are asked for often."""

from __future__ import annotations

import duckdb

from gensweep.analysis.database import connection
from gensweep.analysis.figures.registry import make_figure
from gensweep.analysis.tables.figure import Figure


class Database(connection.Database):
    __doc__ = connection.Database.__doc__

    def figure(self, name: str) -> Figure:
        """A figure's points: `1b` or `figure_1b`, `learning_curves`, `order_of_learning`, ….

        Raises QueryError if there is no figure of that name.
        """
        return make_figure(self, name)

    def convergence(self) -> duckdb.DuckDBPyRelation:
        """The view `convergence`: `.df()`, `.pl()`, or `.filter("threshold = 0").df()`."""
        return self.sql("from convergence")

    def corruption(self) -> duckdb.DuckDBPyRelation:
        """The view `corruption`: errors over seeds at every p."""
        return self.sql("from corruption")
