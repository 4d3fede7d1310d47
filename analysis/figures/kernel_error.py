"""Test error of exact interpolation with kernels against n, with the paper's table 3."""

from __future__ import annotations

from collections.abc import Iterator

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.paper_numbers import CERTAINTY, Number, paper_numbers
from gensweep.analysis.figures.series import OVER_SEEDS, Record, curve, name_of
from gensweep.analysis.questions.kernels import IN_ORDER
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel
from gensweep.analysis.tables.groups import split
from gensweep.analysis.tables.labels import in_words
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.fields import text
from gensweep.trainables.kernel.trial import FILTERS

_CURVE = ("model", "randomization", "kernel", "bandwidth", "l2", "filters")
# float32 is refined until it makes no difference; where both are there, float64 is drawn
_QUERY = f"""
with points as (
select
    dataset, {", ".join(_CURVE)}, n, precision, count(*) as seeds, avg(test_error) as test_error,
    half_width(test_error) as test_error_interval
from kernels
where status = 'done'
group by all
)
from points
qualify row_number() over (
    partition by dataset, {", ".join(_CURVE)}, n order by seeds desc, precision desc) = 1
order by {IN_ORDER}, filters, n
""".strip()


def kernel_error(db: Database) -> Figure:
    """In per cent; a panel per dataset, and of random labels none but a note."""
    records = db.table(_QUERY).records()
    true = [r for r in records if r["randomization"] == "true_labels"]
    panels, notes = [], [OVER_SEEDS]
    for group in split(true, "dataset"):
        series = list(split(group, *_CURVE))
        curves = [_curve(points, series) for points in series if len(points) > 1]
        alone = [_name(points[0], series) for points in series if len(points) == 1]
        if curves:
            x = Axis("training examples n", log=True)
            y = Axis("test error (%)", start=0.0)
            panels.append(
                Panel(x, y, [*curves, *_papers(group[0]["dataset"])], group[0]["dataset"])
            )
        if alone:
            notes.append(f"{group[0]['dataset']}: one n alone, not drawn: {'; '.join(alone)}")
    notes += _on_random_labels(records)
    marks = sorted({n.certainty for p in panels for n in _numbers(p.title)})
    notes += [f"paper: table 3 [{mark}], {CERTAINTY[mark]}" for mark in marks]
    return Figure(
        "kernel_error",
        "Table 3: test error of interpolating kernels against n",
        panels,
        _QUERY,
        notes,
        needs="trials of the trainable kernel on true labels, of at least two n",
    )


def _curve(points: list[Record], series: list[list[Record]]) -> Curve:
    model = points[0]["model"]
    # A colour per kind of features, which the paper's point shares, where there is but one curve.
    alone = sum(other[0]["model"] == model for other in series) == 1
    group = model if alone else ""
    name = _name(points[0], series)
    return curve(name, points, "n", "test_error", scale=100, group=group)


def _name(point: Record, series: list[list[Record]]) -> str:
    """The features, and what sets them apart from others of their kind."""
    like = [other[0] for other in series if other[0]["model"] == point["model"]]
    varying = [c for c in ("kernel", "bandwidth", "filters") if len({r[c] for r in like}) > 1]
    said = [f"{c} {_short(point[c])}" for c in varying]
    l2 = f"l2 {point['l2']:g}" if point["l2"] else ""
    return name_of(in_words(point["model"]), *said, l2)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else text(value)


def _numbers(dataset: str) -> list[Number]:
    return [
        n
        for n in paper_numbers()
        if (n.source, n.dataset, n.metric) == ("table_3", dataset, "test_error")
    ]


def _papers(dataset: str) -> Iterator[Curve]:
    """The paper's numbers, at all of the training examples."""
    for n in _numbers(dataset):
        filters = f"{FILTERS} filters" if n.model == "random_features" else ""
        l2 = "" if n.regularizer == "none" else str(n.regularizer)
        yield Curve(
            f"paper, {name_of(in_words(n.model), filters, l2)}",
            [DATASETS[dataset].train],
            [100 * (n.value or 0.0)],
            kind="points",
            source="paper",
            group=n.model if not l2 else "",
        )


def _on_random_labels(records: list[Record]) -> Iterator[str]:
    random = [r for r in records if r["randomization"] == "random_labels"]
    for group in split(random, "dataset"):
        errors = [100 * r["test_error"] for r in group]
        ends = f"{min(errors):.1f} to {max(errors):.1f} %"
        yield f"{group[0]['dataset']}, random labels: test error {ends}, not drawn"
