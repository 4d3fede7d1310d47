"""The declaration of a trial's field, once, in the type of the field.

    lr: Annotated[float, Gt(0.0), About("the learning rate before any decay")] = 0.01

Everything else that depends on a field derives from its declaration: the keys of sweep files and
their errors, stored columns, which trials are draws of one setting, labels, the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints


class Decides(StrEnum):
    """How two trials relate that differ only in one field."""

    SETTING = "setting"  # two settings
    SEED = "seed"  # two draws of one setting
    RECORD = "record"  # one draw, recorded in two ways


class Part(StrEnum):
    """A group of fields that comparisons leave out together."""

    DATA = "data"  # what was done to the data
    REGULARIZER = "regularizer"  # explicit regularizers
    BATCH_NORM = "batch_norm"
    LENGTH = "length"  # how long a trial may train, and how often it is evaluated


@dataclass(frozen=True)
class About:
    """The properties of a field besides its type, range and default.

    meaning: for the documentation, without a full stop.
    label:   its name in a trial's label and in a table's heading; by default the field's name.
    decides: how two trials relate that differ only in this field.
    part:    the group it belongs to, if any.
    shapes:  whether trials must share its value to be trained side by side, because it shapes a
             tensor or a kernel.
    besides: names allowed for a model or a dataset besides those in its registry.
    column:  its name in stored tables; by default the field's name.
    """

    meaning: str = ""
    label: str = ""
    decides: Decides = Decides.SETTING
    part: Part | None = None
    shapes: bool = True
    besides: tuple[str, ...] = ()
    column: str = ""


@dataclass(frozen=True)
class Field:
    """A field of a kind of trial.

    type:    bool, int, float or str.
    hint:    the annotated type with its range.
    default: MISSING where there is none.
    """

    name: str
    type: type
    hint: Any
    default: Any
    about: About

    @property
    def label(self) -> str:
        return self.about.label or self.name

    @property
    def column(self) -> str:
        return self.about.column or self.name

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed values of a field that is a choice of names; empty for other fields."""
        hint = get_args(self.hint)[0] if get_origin(self.hint) is Annotated else self.hint
        return get_args(hint) if get_origin(hint) is Literal else ()


@cache
def fields_of(config: type) -> Mapping[str, Field]:
    """The fields of a frozen config class by name, in order."""
    hints = get_type_hints(config, include_extras=True)
    return MappingProxyType(
        {f.name: _field(f.name, hints[f.name], f.default) for f in fields(config)}
    )


def _field(name: str, hint: Any, default: Any) -> Field:
    kind, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    about = next((extra for extra in extras if isinstance(extra, About)), About())
    if get_origin(kind) is Literal:
        kind = str
    return Field(name, kind, hint, MISSING if default is MISSING else default, about)


def text(value: Any) -> str:
    """A field's value as text: `0.5`, `true`, `digits`."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
