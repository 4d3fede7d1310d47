"""The axes of a sweep: what it varied while all else stayed the same.

An axis has at least two levels under one *context*: a setting without what the axis sets. So a
learning rate that goes with a model is no axis, and neither are seeds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.fields import Decides, Part, text
from gensweep.trainables.models import MODELS
from gensweep.trainables.randomizations import RANDOMIZATIONS, randomization_label

_FIELDS = ClassifierTrial.fields()
_GROUPED = (Part.DATA, Part.REGULARIZER)


@dataclass(frozen=True)
class Axis:
    """name: of a field, or `data` or `regularizer`, which several fields set together.
    fields: those that it sets.
    """

    name: str
    fields: Sequence[str]

    @property
    def level(self) -> str:
        """SQL: a row's level, as a JSON object of the fields."""
        pairs = ", ".join(f"'{name}', {name}" for name in self.fields)
        return f"json_object({pairs})::varchar"

    @property
    def context(self) -> str:
        """SQL: a row's setting without what the axis sets."""
        without = json.dumps(dict.fromkeys(self.fields))
        return f"json_merge_patch(setting, '{without}')::varchar"

    def label(self, level: str) -> str:
        """A level in words: `0.1`, `labels p=0.5`, `flip, wd 0.0005`."""
        values = json.loads(level)
        if self.name == Part.DATA:
            return randomization_label(values["randomization"], values["corruption"])
        if self.name != Part.REGULARIZER:
            return text(values[self.name])
        at_work = (
            _FIELDS[name].label if value is True else f"{_FIELDS[name].label} {text(value)}"
            for name, value in values.items()
            if value
        )
        return ", ".join(at_work) or "none"

    def phrase(self, level: str) -> str:
        """A level in a sentence: `lr 0.1`, `random labels`, `no regularizer`."""
        label = self.label(level)
        if self.name == Part.REGULARIZER:
            return "no regularizer" if label == "none" else label
        return label if self.name in (Part.DATA, "model", "dataset") else f"{self.name} {label}"

    def place(self, level: str) -> tuple[Any, ...]:
        """Where a level stands among the others: as in the paper, and numbers as they grow."""
        values = json.loads(level)
        for registry in (MODELS, RANDOMIZATIONS):
            known = list(registry)
            for name, value in values.items():
                if value in known and isinstance(value, str):
                    values[name] = known.index(value)
        return tuple((isinstance(v, str), v) for v in values.values())

    def is_default(self, level: str) -> bool:
        values: dict[str, Any] = json.loads(level)
        return values == {name: _FIELDS[name].default for name in self.fields}


DATA, _REGULARIZER = (
    Axis(part, [n for n, f in _FIELDS.items() if f.about.part is part]) for part in _GROUPED
)
_AXES = (
    DATA,
    _REGULARIZER,
    *(
        Axis(name, [name])
        for name, field in _FIELDS.items()
        if field.about.decides is Decides.SETTING and field.about.part not in _GROUPED
    ),
)


def axes(db: Database) -> list[Axis]:
    """The axes of the trials that train a network, planned ones too: data and regularizers, then
    in the order of a trial's fields.
    """
    counts = ", ".join(f"count(distinct {axis.level})" for axis in _AXES)
    counted = zip(_AXES, db.table(f"select {counts} from settings").rows[0], strict=True)
    varying = [axis for axis, n in counted if n > 1]
    return [axis for axis in varying if db.table(_crossed(axis)).rows]


def judged_on(db: Database) -> str:
    """The level of the axis `data` on which settings are compared: that of the plain data, or else
    the one with the most trials. Empty before a trial has ended.
    """
    query = f"""
    select {DATA.level} from draws
    where status in ('done', 'diverged') group by all order by count(*) desc, 1
    """
    levels = [level for (level,) in db.table(query).rows]
    return next(filter(DATA.is_default, levels), next(iter(levels), ""))


def _crossed(axis: Axis) -> str:
    return (
        f"select 1 from settings group by {axis.context} "
        f"having count(distinct {axis.level}) > 1 limit 1"
    )
