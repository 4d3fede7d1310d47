"""Figure 1b: how much longer do corrupted labels take to fit?"""

from __future__ import annotations

from dataclasses import replace

from analysis.database import Database
from analysis.figures import paper
from analysis.figures.figure import Axis, Curve, Figure, Panel
from analysis.figures.over_p import LEAST, P, enough, hollow_notes, too_few
from analysis.figures.series import (
    LABELS_ALONE,
    MODEL,
    MODELS_IN_ORDER,
    OVER_SEEDS,
    Record,
    curve,
    split,
)
from analysis.labels import SETTINGS

_QUERY = f"""
from (
select
    {", ".join((*MODEL, "regularizer", "corruption", *SETTINGS))},
    threshold,
    count(*) as seeds,
    count(*) filter (censored) as censored,
    avg(ratio) as ratio,
    half_width(ratio) as ratio_interval
from trials
join (
    select trial_id, threshold, censored, ratio
    from convergence
    where metric = 'train_error' and unit = 'epochs' and ratio is not null
) using (trial_id)
where status in ('done', 'diverged') and {LABELS_ALONE}
group by all
)
order by {MODELS_IN_ORDER}, regularizer, max_epochs, lr, threshold, corruption
""".strip()


def figure_1b(db: Database) -> Figure:
    """Epochs to fit, relative to true labels, against p; one panel per dataset.

    All curves of a panel keep to one threshold: that which the most of their points reached with
    every seed, and of several such the finest. Where a seed did not, the mean is a lower bound.
    """
    records = db.table(_QUERY).records()
    panels, notes = [], [OVER_SEEDS]
    for group in split(records, "dataset"):
        points = max(split(group, "threshold"), key=_reached)
        drawn = enough(points)
        curves = [_curve(name, rows) for name, rows in drawn.items()]
        if curves:
            target = _in_words(points[0]["threshold"])
            y = Axis(f"epochs to {target} (true labels = 1)", start=0.0)
            title = group[0]["dataset"]
            panels.append(Panel(P, y, curves, title))
            notes.append(f"the first epoch with {target}, the finest that most points reach")
        notes += hollow_notes(curves, "not every seed got there", "lower bounds")
        notes += too_few(group, drawn)
        notes += dict.fromkeys(paper.sayings(drawn, "figure_1b", "convergence_ratio"))
    return Figure(
        "figure_1b",
        "Figure 1b: convergence time against label corruption",
        panels,
        _QUERY,
        notes,
        needs=f"trials of one model at {LEAST} or more values of p, which reach a training error of"
        " at most 1 % at p = 0",
        hollow="not reached: at least",
    )


def _reached(points: list[Record]) -> tuple[int, float]:
    return sum(not point["censored"] for point in points), -points[0]["threshold"]


def _curve(name: str, points: list[Record]) -> Curve:
    """An interval of what is in part a bound would mean nothing."""
    hollow = [point["censored"] > 0 for point in points]
    drawn = curve(name, points, "corruption", "ratio", at_least=True, hollow=hollow)
    if drawn.low is None or drawn.high is None:
        return drawn
    return replace(
        drawn,
        low=[None if open_ else end for end, open_ in zip(drawn.low, hollow, strict=True)],
        high=[None if open_ else end for end, open_ in zip(drawn.high, hollow, strict=True)],
    )


def _in_words(threshold: float) -> str:
    return f"training error ≤ {100 * threshold:g} %" if threshold else "training error 0"
