"""The fields of a trial as a sweep file may set them: their types, ranges and names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Interval, Le, Lt
from pydantic import ConfigDict, TypeAdapter, ValidationError

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.models import MODELS
from gensweep.trainables.registry import TRAINABLES

_REGISTRIES: dict[str, Iterable[str]] = {"model": MODELS, "dataset": DATASETS}
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a name"}


@cache
def trial_fields(trainable: str) -> dict[str, Any]:
    """The fields of a trainable's trials, with their types."""
    config: Any = TRAINABLES[trainable].config
    hints = get_type_hints(config, include_extras=True)
    return {f.name: hints[f.name] for f in fields(config)}


def problem(name: str, value: Any, trainable: str) -> tuple[str, str] | None:
    """(what is wrong, what is allowed) with a value of a trial's field; None if nothing is."""
    own = get_origin(trial_fields(trainable)[name]) is Literal  # a list of names of its own
    if name in _REGISTRIES and isinstance(value, str) and not own:
        known = list(_REGISTRIES[name])
        return None if value in known else unknown(name, value, known)
    try:
        _adapter(name, trainable).validate_python(value)
    except ValidationError:
        return f"{value!r} is not valid", allowed(name, trainable)
    return None


@cache
def _adapter(name: str, trainable: str) -> TypeAdapter[Any]:
    hint = trial_fields(trainable)[name]
    return TypeAdapter(hint, config=ConfigDict(strict=True, allow_inf_nan=False))


def allowed(name: str, trainable: str) -> str:
    """What a trial's field may be, in words."""
    hint = trial_fields(trainable)[name]
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(get_args(hint))
    if name in _REGISTRIES:
        return "one of " + ", ".join(_REGISTRIES[name])
    kind, *bounds = get_args(hint) or (hint,)
    limits = [limit for bound in bounds for limit in _limits(bound)]
    return _KINDS[kind] + "".join(f", {limit}" for limit in limits)


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


def unknown(kind: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """(what is wrong, what is allowed) with a name that is not known."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown {kind} {name!r}{hint}", "one of " + ", ".join(names)
