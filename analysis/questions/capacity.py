"""Section 2.2: what measures of capacity say on random labels, and on true ones."""

from __future__ import annotations

from math import hypot
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.capacity_statements import GROUP_BY, SIDES, statements
from gensweep.analysis.tables.column import NOTHING, Column
from gensweep.analysis.tables.labels import MODELS_IN_ORDER, order_by, varying_settings
from gensweep.analysis.tables.shared_columns import DATASET, MODEL, SETTINGS
from gensweep.analysis.tables.table import Table
from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.fields import Decides

# What a row has no column for: all that a trial sets, but for the labels, which are its columns.
_OTHERS = tuple(
    name
    for name, field in CapacityTrial.fields().items()
    if field.about.decides is Decides.SETTING and name not in (*GROUP_BY, "labels")
)


def _on(labels: str, value: str) -> str:
    return f"case when labels = '{labels}' then {value} end"


def _figure(measure: str, figure: str, random: str, true: str) -> str:
    """An SQL struct of a figure's means and intervals over the trials on either labels."""
    sides = zip(SIDES, (random, true), strict=True)
    means = ", ".join(f"'{s}': avg({v}), '{s}_interval': half_width({v})" for s, v in sides)
    return f"{{'of': '{measure}', 'figure': '{figure}', {means}}}"


def _seen(measure: str, figure: str, value: str) -> str:
    """A figure that may depend on the labels."""
    return _figure(measure, figure, _on("random", value), _on("true", value))


_CORRELATION = _on("random", "correlation")
_FIGURES = (
    _figure("rademacher", "rademacher", _CORRELATION, _CORRELATION),
    _seen("rademacher", "train_error", "train_error"),
    _seen("rademacher", "test_error", "test_error"),
    _figure("vc", "parameters_per_image", "weights / n", "weights / n"),
    _figure("vc", "vc_order_per_image", "vc_order / n", "vc_order / n"),
    _figure("vc", "vc_bound_per_image", "vc_bound / n", "vc_bound / n"),
    _seen("stability", "largest_error_change", "largest_error_change"),
    _seen("stability", "largest_loss_change", "largest_loss_change"),
    _seen("stability", "mean_error_change", "mean_error_change"),
    _seen("stability", "mean_loss_change", "mean_loss_change"),
    _seen("stability", "left_out_error", "left_out_error"),
    _seen("stability", "gap", "test_error - train_error"),
)
_GROUP = ", ".join((*GROUP_BY, *_OTHERS))
_QUERY = f"""
from (
    select
        {_GROUP},
        count(*) filter (labels is distinct from 'true') as draws,
        count(*) filter (labels is distinct from 'random') as true_draws,
        unnest([{", ".join(_FIGURES)}], recursive := true)
    from capacity
    where status = 'done'
    group by {_GROUP}
)
where "of" = measure and (random_labels is not null or true_labels is not null)
order by
    {MODELS_IN_ORDER},
    {order_by("measure", ("rademacher", "vc", "stability"))}, n, {", ".join(_OTHERS)},
    {order_by("figure", [f.split("'figure': '")[1].split("'")[0] for f in _FIGURES])}
"""
_SQL = "from capacity order by model, measure, n, labels, seed"
NEEDS = "from capacity where status = 'done'"
_COLUMNS = (
    *(*GROUP_BY, "settings", "figure", "draws", "true_draws"),
    *(f"{side}{part}" for side in SIDES for part in ("", "_interval")),
    "tells_apart",
)


def capacity_table(db: Database) -> Table:
    """Per network, measure, size n and figure: means on random and on true labels, over seeds.

    tells_apart: whether the two differ by more than both intervals; False where the figure does
    not depend on labels at all, None where there are not two seeds of each.
    """
    records = db.table(_QUERY).records()
    varying = varying_settings(records, (*GROUP_BY, "figure"), _OTHERS)
    for record, settings in zip(records, varying, strict=True):
        record |= {"settings": settings, "tells_apart": _tells_apart(record)}
    return Table.of(
        "capacity",
        records,
        _COLUMNS,
        title="Capacity: can its measures tell random labels from true ones?",
        layout=_LAYOUT,
        notes=statements(records),
        sql=_SQL,
    )


# Figures of the network and its images alone, whatever the labels.
_BLIND = ("rademacher", "parameters_per_image", "vc_order_per_image", "vc_bound_per_image")


def _tells_apart(record: dict[str, Any]) -> bool | None:
    if record["figure"] in _BLIND:
        return False
    values = [record[side] for side in SIDES]
    intervals = [record[f"{side}_interval"] for side in SIDES]
    if None in values or None in intervals:
        return None
    return bool(abs(values[0] - values[1]) > hypot(*intervals))


_MEASURES = {
    "rademacher": "Rademacher complexity, at least",
    "train_error": "training error",
    "test_error": "test error",
    "parameters_per_image": "parameters / n",
    "vc_order_per_image": "W L log2 W / n",
    "vc_bound_per_image": "bound of VC dimension / n",
    "largest_error_change": "stability: largest change of an error",
    "largest_loss_change": "stability: largest change of a loss",
    "mean_error_change": "stability: mean change of test errors",
    "mean_loss_change": "stability: mean change of test losses",
    "left_out_error": "left-out error",
    "gap": "test error minus training error",
}


def _side(name: str, key: str) -> Column:
    return Column(name, key, cell=lambda r: _with_interval(r[key], r[f"{key}_interval"]))


def _with_interval(mean: float | None, half_width: float | None) -> str:
    if mean is None:
        return NOTHING
    return f"{mean:.3g} ±{half_width:.2g}" if half_width else f"{mean:.3g}"


def _answer(record: dict[str, Any]) -> str:
    if record["figure"] in _BLIND:
        return "blind"
    return {None: "one seed", True: "yes", False: "no"}[record["tells_apart"]]


def _draws(record: dict[str, Any]) -> str:
    draws, true = record["draws"], record["true_draws"]
    return f"{draws}" if draws == true else f"{draws}, {true}"


_LAYOUT = (
    *(DATASET, MODEL, SETTINGS, Column("n")),
    Column("figure", text=_MEASURES.__getitem__),
    *(_side(name, key) for name, key in zip(("random", "true"), SIDES, strict=True)),
    Column("apart", "tells_apart", cell=_answer, align="left"),
    Column("seeds", "draws", cell=_draws, align="left"),
)
