"""Figure 1a: do randomized data take longer to fit?"""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures.series import (
    AS_FAR,
    MODEL,
    OVER_SEEDS,
    Record,
    by_setting,
    curve,
    name_of,
    panel_title,
)
from gensweep.analysis.tables.figure import Axis, Figure, Panel
from gensweep.analysis.tables.groups import split
from gensweep.analysis.tables.labels import (
    MODELS_IN_ORDER,
    OTHERS_IN_ORDER,
    RANDOMIZATIONS_IN_ORDER,
    in_words,
)

_QUERY = f"""
from loss_curves
where seeds = all_seeds and regularizer = 'none' and randomization <> 'partial_labels'
order by {MODELS_IN_ORDER}, {RANDOMIZATIONS_IN_ORDER}, {OTHERS_IN_ORDER}, step
""".strip()


def figure_1a(db: Database) -> Figure:
    """Training loss against steps, a curve per randomization, a panel per model with two."""
    records = db.table(_QUERY).records()
    panels = [
        _panel(panel_title(group[0]), group)
        for group in split(records, *MODEL)
        if len({record["randomization"] for record in group}) > 1
    ]
    return Figure(
        "figure_1a",
        "Figure 1a: training loss on true and randomized data",
        panels,
        _QUERY,
        [OVER_SEEDS, f"the loss of each window of logged steps; {AS_FAR}"],
        needs="trials without regularizers of one model with at least two randomizations",
    )


def _panel(title: str, records: list[Record]) -> Panel:
    x, y = Axis("thousand steps", start=0.0), Axis("training loss (nats)", start=0.0)
    curves = [
        curve(
            name_of(in_words(group[0]["randomization"]), settings),
            group,
            "step",
            "train_loss",
            x_scale=1e-3,
        )
        for group, settings in by_setting(records, (*MODEL, "randomization"))
    ]
    return Panel(x, y, curves, title)
