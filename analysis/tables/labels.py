"""How models, trials and numbers are named for a person, and in which order they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.fields import Decides, Part, text
from gensweep.trainables.labels import labels, settings_label, varying_fields
from gensweep.trainables.models import MODELS
from gensweep.trainables.randomizations import RANDOMIZATIONS, randomization_label
from gensweep.trainables.registry import known_trial
from gensweep.trainables.trial import Trial

# What a row of settings says in columns of its own; a regularizer's label says which are at work.
GROUP_BY = ("dataset", "model", "batch_norm", "regularizer", "randomization", "corruption")
# Everything else that a trial sets, but for its seed.
SETTINGS = tuple(
    name
    for name, field in ClassifierTrial.fields().items()
    if field.about.decides is Decides.SETTING
    and name not in GROUP_BY
    and not (field.about.part is Part.REGULARIZER and field.type is bool)
)

# Of regularizers, which a regularizer's label says are not at work where they are 0.
_STRENGTHS = {
    name for name, field in ClassifierTrial.fields().items() if field.about.part is Part.REGULARIZER
}
_LABELS = {name: field.label for name, field in ClassifierTrial.fields().items()}


def dataset_labels(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each record its dataset; empty where all have the same."""
    known = {record["dataset"] for record in records} - {None}
    return [(record["dataset"] or "") if len(known) > 1 else "" for record in records]


def in_words(name: str) -> str:
    return name.replace("_", " ")


def short_data_label(randomization: str, corruption: float) -> str:
    """`true`, `random`, `p=0.5`, `gaussian`: where a table is wide."""
    return (
        randomization_label(randomization, corruption)
        .replace("labels ", "")
        .removesuffix(" labels")
    )


def trial_labels(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each row of `trials`, what the trial is and what sets it apart from the others."""
    return labels([_trial(row["trainable"], row["config"]) for row in rows])


def add_trial_settings(
    rows: Sequence[dict[str, Any]], among: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Give each row of `trials` `settings`: what has no column and sets it apart from the others,
    and from further rows.
    """
    trials = [_trial(row["trainable"], row["config"]) for row in rows]
    others = [_trial(row["trainable"], row["config"]) for row in among]
    varying = varying_fields([*trials, *others])
    for row, trial in zip(rows, trials, strict=True):
        row["settings"] = settings_label(trial, varying)


@lru_cache(maxsize=100_000)
def _trial(trainable: str, config: str) -> Trial:
    return known_trial(trainable, config)


def order_by(column: str, order: Iterable[str]) -> str:
    """An SQL expression that sorts known names as listed, and all others behind them."""
    listed = ", ".join(f"'{name}'" for name in order)
    return f"coalesce(list_position([{listed}], {column}), 99)"


# How rows stand: as in the paper, true labels first.
MODELS_IN_ORDER = f"dataset, {order_by('model', MODELS)}, model, batch_norm desc"
RANDOMIZATIONS_IN_ORDER = order_by("randomization", RANDOMIZATIONS)
REGULARIZERS_IN_ORDER = "regularizer <> 'none', regularizer"
GROUPS_IN_ORDER = (
    f"{MODELS_IN_ORDER}, {REGULARIZERS_IN_ORDER}, {RANDOMIZATIONS_IN_ORDER}, corruption"
)
OTHERS_IN_ORDER = ", ".join(dict.fromkeys(("epochs", "lr", *SETTINGS)))
SETTINGS_IN_ORDER = f"{GROUPS_IN_ORDER}, {OTHERS_IN_ORDER}"


def varying_settings(
    records: Sequence[Mapping[str, Any]],
    group_by: Sequence[str],
    among: Sequence[str] = SETTINGS,
) -> list[str]:
    """For each record, the settings that tell it from others with the same values of `group_by`.

    Empty where nothing else has those values, so that a plain sweep shows no such column.
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for record in records:
        groups.setdefault(tuple(record[name] for name in group_by), []).append(record)
    labels = []
    for record in records:
        group = groups[tuple(record[name] for name in group_by)]
        varying = [s for s in among if len({other[s] for other in group}) > 1]
        said = [s for s in varying if record[s] or s not in _STRENGTHS]
        labels.append(", ".join(f"{_LABELS.get(s, s)} {text(record[s])}" for s in said))
    return labels


def add_settings_label(records: Sequence[dict[str, Any]]) -> None:
    """Give each record `settings`: what tells it from others that agree in GROUP_BY."""
    for record, settings in zip(records, varying_settings(records, GROUP_BY), strict=True):
        record["settings"] = settings


def percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"


def in_percent(fraction: float) -> str:
    """For a column whose heading says that it is in per cent."""
    return f"{100 * fraction:.2f}"


def with_interval(mean: float | None, half_width: float | None, scale: float = 1.0) -> str:
    """`12.34 ± 0.56`, or the mean alone where there is no interval (one seed)."""
    if mean is None:
        return "–"
    text = f"{scale * mean:.2f}"
    return text if half_width is None else f"{text} ± {scale * half_width:.2f}"


def percent_interval(mean: float | None, half_width: float | None) -> str:
    """`12.34 ±0.56` of fractions, in per cent: narrow, and to be broken between the two."""
    return with_interval(mean, half_width, 100).replace("± ", "±")
