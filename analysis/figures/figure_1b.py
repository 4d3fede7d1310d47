"""Figure 1b: how much longer do corrupted labels take to fit?"""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures import paper
from gensweep.analysis.figures.over_p import LEAST, P, enough, hollow_notes, too_few
from gensweep.analysis.figures.series import LABELS, LABELS_ALONE, Record
from gensweep.analysis.questions.convergence import THRESHOLDS, times_to
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel
from gensweep.analysis.tables.groups import split

_THRESHOLDS = [threshold for metric, threshold in THRESHOLDS if metric == "train_error"]
_OVER_SEEDS = (
    "median over seeds (Kaplan and Meier); bars are its 95 % interval, where that has both ends"
)


def figure_1b(db: Database) -> Figure:
    """Epochs to fit, relative to true labels, against p; one panel per dataset.

    All curves of a panel keep to one threshold: that which the most of their points reached, and
    of several such the finest. Where too few seeds did to know the median, the point is what it is
    longer than.
    """
    records = [r for t in _THRESHOLDS for r in _ratios(db, t)]
    panels, notes = [], [_OVER_SEEDS]
    sql = _sql(0.0)
    for group in split(records, "dataset"):
        points = max(split(group, "threshold"), key=_reached)
        threshold = points[0]["threshold"]
        drawn = enough(points)
        curves = [_curve(name, rows) for name, rows in drawn.items()]
        if curves:
            target = _in_words(threshold)
            y = Axis(f"epochs to {target} (true labels = 1)", start=0.0)
            panels.append(Panel(P, y, curves, group[0]["dataset"]))
            notes.append(f"the first epoch with {target}, the finest that most points reach")
            sql = _sql(threshold)
        notes += hollow_notes(curves, "too few seeds got there", "lower bounds")
        notes += too_few(group, drawn)
        notes += dict.fromkeys(paper.sayings(drawn, "figure_1b", "convergence_ratio"))
    return Figure(
        "figure_1b",
        "Figure 1b: convergence time against label corruption",
        panels,
        sql,
        notes,
        needs=f"trials of one model at {LEAST} or more values of p, which reach a training error of"
        " at most 1 % at p = 0",
        hollow="not reached: at least",
    )


def _ratios(db: Database, threshold: float) -> list[Record]:
    """The settings with changed labels alone of which a ratio is known, if only as a bound."""
    records = times_to(db, "train_error", threshold, "epochs")
    labels = [r for r in records if r["randomization"] in LABELS and r["ratio_seeds"]]
    return sorted(labels, key=lambda r: r["corruption"])


def _sql(threshold: float) -> str:
    """What the medians are made of."""
    return f"""
select c.*
from convergence c
join trials t using (trial_id)
where metric = 'train_error' and threshold = {threshold:g} and unit = 'epochs'
    and ratio is not null and status in ('done', 'diverged') and c.{LABELS_ALONE}
order by model, corruption, seed
""".strip()


def _reached(points: list[Record]) -> tuple[int, float]:
    return sum(point["ratio"] is not None for point in points), -points[0]["threshold"]


def _curve(name: str, points: list[Record]) -> Curve:
    unknown = [point["ratio"] is None for point in points]
    ends = {end: [p[f"ratio_{end}"] for p in points] for end in ("low", "high")}
    for place, point in enumerate(points):
        if unknown[place] or point["randomization"] == "true_labels":
            ends["low"][place] = ends["high"][place] = None
    known = any(end is not None for end in ends["low"])
    return Curve(
        name,
        [point["corruption"] for point in points],
        [p["ratio_above"] if p["ratio"] is None else p["ratio"] for p in points],
        ends["low"] if known else None,
        ends["high"] if known else None,
        hollow=unknown,
        at_least=True,
    )


def _in_words(threshold: float) -> str:
    return f"training error ≤ {100 * threshold:g} %" if threshold else "training error 0"
