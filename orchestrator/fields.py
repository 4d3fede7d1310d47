"""The fields of a trial as a sweep file may set them: their types, ranges and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, get_args

from annotated_types import Ge, Gt, Interval, Le, Lt
from pydantic import ConfigDict, TypeAdapter, ValidationError

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.fields import About, Field
from gensweep.trainables.models import MODELS
from gensweep.trainables.names import brief, unknown
from gensweep.trainables.randomizations import RANDOMIZATIONS
from gensweep.trainables.registry import TRAINABLES

_REGISTRIES: dict[str, Iterable[str]] = {
    "model": MODELS,
    "dataset": DATASETS,
    "randomization": RANDOMIZATIONS,
}
_EXACT = 2**53  # whole numbers below it are exact in every format
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a name"}


def trial_fields(trainable: str) -> Mapping[str, Field]:
    """The fields of a trainable's trials, by name."""
    return TRAINABLES[trainable].config.fields()


def problem(name: str, value: Any, trainable: str) -> tuple[str, str] | None:
    """(what is wrong, what is allowed) with a value of a trial's field; None if nothing is."""
    field = trial_fields(trainable)[name]
    if name in _REGISTRIES and isinstance(value, str) and not field.choices:
        known = [*_known(name, trainable), *field.about.besides]
        return None if value in known else unknown(name, value, known)
    try:
        _adapter(name, trainable).validate_python(value)
    except ValidationError:
        return f"{brief(value)} is not valid", allowed(name, trainable)
    if type(value) is int and abs(value) >= _EXACT:
        return f"{brief(value)} is not valid", f"{_KINDS[field.type]}, below {_EXACT}"
    return None


def _known(name: str, trainable: str) -> Iterable[str]:
    if name != "dataset" or TRAINABLES[trainable].config.takes_encoded:
        return _REGISTRIES[name]
    return [dataset for dataset, source in DATASETS.items() if not source.encoded]


@cache
def _adapter(name: str, trainable: str) -> TypeAdapter[Any]:
    hint = trial_fields(trainable)[name].hint
    return TypeAdapter(hint, config=ConfigDict(strict=True, allow_inf_nan=False))


def allowed(name: str, trainable: str) -> str:
    """What a trial's field may be, in words."""
    field = trial_fields(trainable)[name]
    if names := field.choices or (name in _REGISTRIES and _known(name, trainable)):
        return "one of " + ", ".join([*names, *field.about.besides])
    bounds = [extra for extra in get_args(field.hint)[1:] if not isinstance(extra, About)]
    limits = [limit for bound in bounds for limit in _limits(bound)]
    return _KINDS[field.type] + "".join(f", {limit}" for limit in limits)


def _limits(bound: Any) -> list[str]:
    parts = list(bound) if isinstance(bound, Interval) else [bound]
    words = {Ge: "at least", Gt: "above", Le: "at most", Lt: "below"}
    return [f"{words[type(p)]} {next(iter(vars_of(p)))}" for p in parts]


def vars_of(bound: Any) -> Iterable[str]:
    """The number of a bound, without a needless `.0`."""
    return (
        str(value) if isinstance(value, int) else f"{value:g}"
        for value in (getattr(bound, f.name) for f in fields(bound))
    )
