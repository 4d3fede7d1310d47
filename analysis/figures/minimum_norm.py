"""Claim D on linear models: the distance from the solution of minimum norm, over steps."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures.series import Record, name_of
from gensweep.analysis.questions.min_norm import (
    GROUP_BY,
    SETTINGS,
    SETTINGS_IN_ORDER,
    VARYING,
    data_label,
    way,
)
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel
from gensweep.analysis.tables.groups import split
from gensweep.analysis.tables.labels import dataset_labels, varying_settings

_PANEL = ("dataset", "data", "corruption")
_DISTANCES = ("distance", "distance_to_limit")


def _geometric(name: str) -> str:
    """The mean and interval of logarithms, as the axis has them; of 0 there is none."""
    log = f"log10(nullif({name}, 0))"
    return f"""
    10 ** avg({log}) as {name},
    10 ** (avg({log}) - half_width({log})) as {name}_low,
    10 ** (avg({log}) + half_width({log})) as {name}_high"""


_QUERY = f"""
select
    {", ".join((*GROUP_BY, *SETTINGS))}, features, n, d, bandwidth, step,
    {",".join(map(_geometric, _DISTANCES))}
from min_norm
where status = 'done' and step > 0
group by all
order by {SETTINGS_IN_ORDER}, step
""".strip()


def minimum_norm(db: Database) -> Figure:
    """The distance against steps, both logarithmic; one panel per data and labels.

    From a random start also the distance from where it must end, dashed: the solution plus the
    start's part outside the span of the data.
    """
    panels = list(split(db.table(_QUERY).records(), *_PANEL))
    datasets = dataset_labels([records[0] for records in panels])
    return Figure(
        "minimum_norm",
        "Linear models: distance from the solution of minimum norm",
        [_panel(dataset, g) for dataset, g in zip(datasets, panels, strict=True)],
        _QUERY,
        [
            "geometric mean over seeds; bands are its 95 % interval (Student's t)",
            "dashed: from its limit, the solution plus the start's part outside the data's span",
        ],
        needs="trials of the trainable min_norm",
    )


def _panel(dataset: str, records: list[Record]) -> Panel:
    curves = []
    groups = list(split(records, *GROUP_BY, *SETTINGS))
    firsts = [group[0] for group in groups]
    varying = varying_settings(firsts, GROUP_BY, VARYING)
    steps = varying_settings(firsts, (*GROUP_BY, *VARYING), ["steps"])
    for group, *settings in zip(groups, varying, steps, strict=True):
        name = name_of(way(group[0]), *settings)
        curves.append(_curve(name, group, "distance", name))
        if group[0]["start"] == "random":
            curves.append(_curve(f"{name}: from its limit", group, "distance_to_limit", name))
    x, y = Axis("step", log=True), Axis("distance / minimum norm", log=True)
    return Panel(x, y, curves, name_of(dataset, data_label(records[0])))


def _curve(name: str, records: list[Record], figure: str, group: str) -> Curve:
    low, high = ([r[f"{figure}_{end}"] for r in records] for end in ("low", "high"))
    known = any(end is not None for end in low)
    return Curve(
        name,
        [r["step"] for r in records],
        [r[figure] for r in records],
        low if known else None,
        high if known else None,
        group=group,
        dashed=figure == "distance_to_limit",
    )
