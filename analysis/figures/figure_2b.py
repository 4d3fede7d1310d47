"""Figure 2b: what does batch normalization gain?"""

from __future__ import annotations

from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures.accuracy import accuracy_panel
from gensweep.analysis.figures.series import (
    AS_FAR,
    MODEL,
    MODELS_IN_ORDER,
    OVER_SEEDS,
    split,
)
from gensweep.analysis.tables.figure import Figure

_QUERY = f"""
from learning_curves
where seeds = all_seeds and randomization = 'true_labels' and regularizer = 'none'
order by {MODELS_IN_ORDER}, epochs, lr, epoch
""".strip()


def figure_2b(db: Database) -> Figure:
    """Train and test accuracy during training, with and without batch normalization."""
    records = db.table(_QUERY).records()
    return Figure(
        "figure_2b",
        "Figure 2b: accuracy with and without batch normalization",
        [
            accuracy_panel(
                group,
                f"{group[0]['model']}, {group[0]['dataset']}",
                MODEL,
                _label,
            )
            for group in split(records, "dataset", "model")
            if len({record["batch_norm"] for record in group}) == 2
        ],
        _QUERY,
        [f"{OVER_SEEDS}; {AS_FAR}"],
        needs="trials of inception on true labels without regularizers,"
        " with batch normalization and without",
    )


def _label(record: dict[str, Any]) -> str:
    return "with BN" if record["batch_norm"] else "without BN"
