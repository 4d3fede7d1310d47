"""From the rows of a view to curves: what belongs to one curve, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gensweep.analysis.tables.figure import Curve
from gensweep.analysis.tables.groups import split
from gensweep.analysis.tables.labels import SETTINGS, varying_settings
from gensweep.trainables.models import model_label

Record = dict[str, Any]
MODEL = ("dataset", "model", "batch_norm")
LABELS = ("true_labels", "partial_labels", "random_labels")
LABELS_ALONE = f"randomization in {LABELS}"

OVER_SEEDS = "mean over seeds; bands and bars are 95 % intervals of the mean (Student's t)"
AS_FAR = "each curve ends where the first of its seeds ended"


def by_setting(
    records: Sequence[Record], group_by: Sequence[str]
) -> Iterator[tuple[list[Record], str]]:
    """One group per `group_by` and settings, so that no curve joins what was trained differently,
    with the settings that tell it from others alike.
    """
    groups = list(split(records, *group_by, *SETTINGS))
    yield from zip(groups, varying_settings([g[0] for g in groups], group_by), strict=True)


def by_model(records: Sequence[Record]) -> Iterator[tuple[str, list[Record]]]:
    """One group per model, regularizer and settings, with its name."""
    for group, settings in by_setting(records, (*MODEL, "regularizer")):
        model = model_label(group[0]["model"], group[0]["batch_norm"])
        yield name_of(model, group[0]["regularizer"], settings), group


def name_of(*parts: str) -> str:
    """A curve's name; a regularizer that is `none` and what is empty go without saying."""
    return ", ".join(part for part in parts if part not in ("", "none"))


def panel_title(record: Record) -> str:
    return f"{model_label(record['model'], record['batch_norm'])}, {record['dataset']}"


def curve(
    name: str,
    records: Sequence[Record],
    x: str,
    figure: str,
    *,
    x_scale: float = 1.0,
    scale: float = 1.0,
    flip: bool = False,
    **style: Any,
) -> Curve:
    """The column `figure` of the records over the column `x`, with its `_interval` as a band.

    scale: times which everything is drawn, such as 100 for per cent.
    flip:  draw 1 - figure, as accuracies of errors.
    """
    y: list[float | None] = []
    low: list[float | None] = []
    high: list[float | None] = []
    for record in records:
        value, half = record[figure], record[f"{figure}_interval"]
        middle = None if value is None else scale * (1 - value if flip else value)
        y.append(middle)
        low.append(None if middle is None or half is None else middle - scale * half)
        high.append(None if middle is None or half is None else middle + scale * half)
    known = any(end is not None for end in low)
    return Curve(
        name,
        [x_scale * record[x] for record in records],
        y,
        low if known else None,
        high if known else None,
        **style,
    )
