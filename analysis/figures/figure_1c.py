"""Figure 1c: what does fitting wrong labels cost on the test set?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures import paper
from gensweep.analysis.figures.over_p import LEAST, P, enough, hollow_notes, too_few
from gensweep.analysis.figures.series import (
    LABELS_ALONE,
    OVER_SEEDS,
    Record,
    curve,
)
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel
from gensweep.analysis.tables.groups import split
from gensweep.analysis.tables.labels import MODELS_IN_ORDER, OTHERS_IN_ORDER, REGULARIZERS_IN_ORDER

_PAPER = ("table_1", "test_error")

_QUERY = f"""
from (
select
    setting_id,
    count(*) as seeds,
    count(*) filter (status = 'diverged') as diverged,
    count(*) filter (status = 'done' and fit_epoch is null) as unfitted,
    avg(at_fit) as test_error,
    half_width(at_fit) as test_error_interval
from (
    select
        *, case when status = 'done' then coalesce(test_error, final_test_error) end as at_fit
    from draws
    left join (select trial_id, epoch as fit_epoch, test_error from epochs)
        using (trial_id, fit_epoch)
    where status in ('done', 'diverged') and {LABELS_ALONE}
)
group by setting_id
)
join settings using (setting_id)
order by {MODELS_IN_ORDER}, {REGULARIZERS_IN_ORDER}, {OTHERS_IN_ORDER}, corruption
""".strip()


def figure_1c(db: Database) -> Figure:
    """Test error at training error 0 against p; at the end of training where 0 was not reached."""
    records = db.table(_QUERY).records()
    panels, notes = [], [OVER_SEEDS]
    for group in split(records, "dataset"):
        drawn = enough(group)
        curves = [_curve(name, points) for name, points in drawn.items()]
        if curves:
            title = group[0]["dataset"]
            curves += paper.points(drawn, *_PAPER)
            panels.append(Panel(P, Axis("test error (%)", start=0.0), curves, title))
        notes += hollow_notes(curves, "training error 0 not reached", "at the end")
        notes += _left_out(drawn)
        notes += too_few(group, drawn)
        notes += paper.certainties(drawn, *_PAPER)
    return Figure(
        "figure_1c",
        "Figure 1c: test error against label corruption",
        panels,
        _QUERY,
        notes,
        needs=f"trials of one model that are done, at {LEAST} or more values of p",
        hollow="training error above 0: at the end",
    )


def _left_out(drawn: Mapping[str, Sequence[Record]]) -> Iterator[str]:
    for name, points in drawn.items():
        places = [
            f"{point['diverged']} of {point['seeds']} seeds at p = {point['corruption']:g}"
            for point in points
            if point["diverged"]
        ]
        if places:
            yield f"{name}: diverged, and left out: {', '.join(places)}"


def _curve(name: str, points: list[Record]) -> Curve:
    hollow = [point["unfitted"] > 0 for point in points]
    return curve(name, points, "corruption", "test_error", scale=100, hollow=hollow)
