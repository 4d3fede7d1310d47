"""The residual of theorem 1's construction against n: where a precision comes to its end."""

from __future__ import annotations

from math import isfinite

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures.series import Record, name_of
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel
from gensweep.analysis.tables.groups import split
from gensweep.analysis.tables.labels import in_words
from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.fields import text

_QUERY = """
select
    dataset, d, randomization, output, classes, depth, knot, precision, n, count(*) as seeds,
    median(max_residual) as residual, min(max_residual) as low, max(max_residual) as high
from expressivity
where method = 'construct' and status = 'done'
group by all
order by dataset, d, randomization, output desc, depth, knot, classes, precision desc, n
""".strip()
_PANEL = ("dataset", "d", "randomization")
_CURVE = ("precision", "output", "classes", "depth", "knot")
_WRONG = 0.5  # beyond it the next class can be nearer


def residuals(db: Database) -> Figure:
    """The largest |output - target| of the forward pass; a panel per data and labels."""
    records = db.table(_QUERY).records()
    curves = [group for group in split(records, *_PANEL, *_CURVE) if len(group) > 1]
    alone = [group[0] for group in split(records, *_PANEL, *_CURVE) if len(group) == 1]
    notes = [
        "median over seeds; bars reach from the least to the largest",
        "above 0.5 a class can be taken for another one",
        "a residual of 0, or one that is infinite, has no place on the axis",
    ]
    for group in split(alone, *_PANEL):
        said = "; ".join(_name(r) for r in group)
        notes.append(f"{_title(group[0])}: one n alone, not drawn: {said}")
    return Figure(
        "residuals",
        "Theorem 1: the largest residual against the number of points",
        [_panel(group) for group in split([r for c in curves for r in c], *_PANEL)],
        _QUERY,
        notes,
        needs="constructions by the trainable expressivity, of at least two n",
    )


def _panel(records: list[Record]) -> Panel:
    curves = [_curve(group) for group in split(records, *_CURVE)]
    ends = [min(r["n"] for r in records), max(r["n"] for r in records)]
    curves.append(Curve("wrong beyond", ends, [_WRONG] * 2, dotted=True))
    x, y = Axis("points n", log=True), Axis("largest residual", log=True)
    return Panel(x, y, curves, _title(records[0]))


def _title(record: Record) -> str:
    return f"{record['dataset']}, d = {record['d']}, {in_words(record['randomization'])}"


def _name(record: Record) -> str:
    """The precision, and what is not as usual."""
    usual = ExpressivityTrial
    return name_of(
        record["precision"].replace("fp", "float"),
        "one-hot" if record["output"] == "one_hot" else "",
        f"{record['classes']} classes" if record["classes"] != usual.classes else "",
        f"{record['depth']} layers" if record["depth"] != usual.depth else "",
        f"knot {text(record['knot'])}" if record["knot"] != usual.knot else "",
    )


def _curve(records: list[Record]) -> Curve:
    several = any(r["seeds"] > 1 for r in records)
    middle, low, high = (
        [r[end] if r[end] > 0.0 and isfinite(r[end]) else None for r in records]
        for end in ("residual", "low", "high")
    )
    return Curve(
        _name(records[0]),
        [r["n"] for r in records],
        middle,
        low if several else None,
        high if several else None,
    )
