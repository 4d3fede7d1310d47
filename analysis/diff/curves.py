"""Learning curves of two sides in one plot."""

from __future__ import annotations

from collections.abc import Sequence

from gensweep.analysis.tables.figure import Curve, line_figure
from gensweep.analysis.tables.table import Row, Table

COLUMNS = ("side", "epoch", "train_error", "test_error")


def curves_plot(table: Table, names: Sequence[str], note: str) -> list[Table]:
    """A plot of rows of COLUMNS, whose sides are `a` and `b`; nothing where there are none."""
    curves = []
    for side, name in zip("ab", names, strict=True):
        own: list[Row] = [row for row in table.rows if row[0] == side]
        x = [float(row[1]) for row in own]
        for index, what in ((2, "train"), (3, "test")):
            if own:
                curves.append(Curve(f"{name} {what}", x, [100 * row[index] for row in own]))
    if not curves:
        return []
    end = max(curve.x[-1] for curve in curves)
    return [
        Table(
            "curves",
            [],
            [],
            title="Learning curves",
            notes=[note],
            plot=line_figure(curves, "epoch", "error %", x_end=end, y_end=100.0),
            sql=table.sql,
        )
    ]
