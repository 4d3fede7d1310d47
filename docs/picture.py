"""Draw the picture of the README from the quickstart's results.

python docs/picture.py RESULTS docs/quickstart.svg
"""

from __future__ import annotations

import sys

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from gensweep.analysis.database.connection import Database
from gensweep.trainables.models import MODELS
from gensweep.trainables.randomizations import RANDOMIZATIONS

# Okabe and Ito's colours, which colour-blind readers can tell apart; markers do for print.
_STYLES = [("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#000000", "v")]
_MODEL = "mlp_3x512"

_CURVES = """
select epoch, 100 * train_error from epochs join trials using (trial_id)
where model = ? and randomization = ? and regularizer = 'none' order by epoch
"""
_ERRORS = """
select corruption, 100 * test_error from corruption
where model = ? and regularizer = 'none' order by corruption
"""


def draw(results: str, output: str) -> None:
    """Training error on five kinds of data, and test error against label corruption."""
    mpl.rcParams.update({"svg.hashsalt": "gensweep", "axes.spines.top": False})
    mpl.rcParams.update({"axes.spines.right": False, "font.size": 11})
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    with Database(results, "quickstart") as db:
        kinds = [r for r in RANDOMIZATIONS if r != "partial_labels"]
        _lines(left, [(k.replace("_", " "), db.table(_CURVES, [_MODEL, k]).rows) for k in kinds])
        errors = [(model, db.table(_ERRORS, [model]).rows) for model in MODELS]
        _lines(right, [(model, rows) for model, rows in errors if rows])
    left.set(title=f"{_MODEL} fits them all", xlabel="epoch", ylabel="training error (%)")
    right.set(
        title="and pays on the test set",
        xlabel="share of labels drawn at random",
        ylabel="test error (%) at training error 0",
        ylim=(0, 100),
    )
    figure.savefig(output, metadata={"Date": None})


def _lines(axes: Axes, curves: list[tuple[str, list[tuple[float, float]]]]) -> None:
    for (name, points), (color, marker) in zip(curves, _STYLES, strict=False):
        x, y = zip(*points, strict=True)
        every = max(1, len(x) // 8)
        axes.plot(x, y, color=color, marker=marker, markevery=every, label=name)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)


if __name__ == "__main__":
    draw(*sys.argv[1:3])
