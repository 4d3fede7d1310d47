"""Figure 2a: what do explicit regularizers and early stopping gain on ImageNet?"""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures.accuracy import accuracy_panel
from gensweep.analysis.figures.series import (
    AS_FAR,
    MODEL,
    MODELS_IN_ORDER,
    OVER_SEEDS,
    panel_title,
    split,
)
from gensweep.analysis.tables.figure import Figure

_QUERY = f"""
from learning_curves
where seeds = all_seeds and dataset = 'imagenet' and randomization = 'true_labels'
order by {MODELS_IN_ORDER}, regularizer = 'none', regularizer, epochs, lr, epoch
""".strip()


def figure_2a(db: Database) -> Figure:
    """Train and test accuracy during training, per regularizer, with the best so far."""
    records = db.table(_QUERY).records()
    return Figure(
        "figure_2a",
        "Figure 2a: accuracy on ImageNet with and without regularizers",
        [
            accuracy_panel(group, panel_title(group[0]), (*MODEL, "regularizer"), _label, True)
            for group in split(records, *MODEL)
        ],
        _QUERY,
        [
            f"{OVER_SEEDS}; {AS_FAR}",
            "shaded up to the best test accuracy so far: what early stopping could have gained",
        ],
        needs="trials of the dataset imagenet on true labels, with and without regularizers",
    )


def _label(record: dict[str, str]) -> str:
    return "no regularizer" if record["regularizer"] == "none" else record["regularizer"]
