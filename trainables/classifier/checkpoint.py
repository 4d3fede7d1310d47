"""A trial's saved state as self-contained bytes that reveal any damage.

A magic word, the format number and a digest of the payload come first. The payload is `torch.save`
of plain containers, numbers, strings and tensors. A folder may come from someone else, so reading
it runs no code, and believes nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from math import isfinite
from typing import Any, get_type_hints

import torch
from torch import Tensor

from gensweep.trainables.classifier.tensors import load
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.errors import CheckpointError
from gensweep.trainables.records import Epoch, Steps

MAGIC = b"gensweep"
FORMAT = 1  # of the payload, including the engine's state
_HEADER = struct.Struct("<8sI32s")
_TODO = "the trial has to start over"


@dataclass(frozen=True)
class Saved:
    """Everything needed to continue a trial.

    config:        of the trial, so that the file says what it is.
    seconds:       of the whole trial so far.
    epoch_seconds: training in the epoch that has not ended.
    records:       all reported so far, in order.
    engine:        the engine's state of the trial's lane.
    epochs, steps: ended epochs, and the optimizer updates in them. `epochs` is None in older
                   checkpoints, in which every ended epoch has a record.
    """

    trial_id: str
    config: Mapping[str, Any]
    seconds: float
    epoch_seconds: float
    records: Sequence[Steps | Epoch]
    engine: Mapping[str, Any]
    epochs: int | None = None
    steps: int = 0


_MOST_STEPS = 2**53
_NUMBERS = {int: (int,), float: (float,), float | None: (float, type(None))}
_RECORDS = {
    kind: {name: _NUMBERS[hint] for name, hint in get_type_hints(kind).items()}
    for kind in (Epoch, Steps)
}
_TYPES: dict[str, tuple[type, ...]] = {
    "trial_id": (str,),
    "config": (dict,),
    "seconds": (float,),
    "epoch_seconds": (float,),
    "records": (str,),
    "engine": (dict,),
    "epochs": (int, type(None)),
    "steps": (int,),
}


def serialize(saved: Saved) -> bytes:
    """The saved state as bytes, with the current values of its tensors, on any device."""
    payload = {field.name: getattr(saved, field.name) for field in fields(saved)}
    # As text: a trial may have reported every step, and text is read far faster than a pickle.
    payload["records"] = json.dumps([vars(record) for record in saved.records])
    file = io.BytesIO()
    file.write(bytes(_HEADER.size))
    torch.save(_plain(payload), file)
    with file.getbuffer() as content:
        _HEADER.pack_into(content, 0, MAGIC, FORMAT, _digest(content))
    return file.getvalue()


def deserialize(content: bytes, trial: ClassifierTrial) -> Saved:
    """The saved state of this trial, its tensors on the CPU.

    Raises CheckpointError if the content is damaged, of another format or of another trial, or
    holds something else. Only the engine knows whether its part is right.
    """
    where = f"checkpoint of trial {trial.trial_id}"
    if len(content) < _HEADER.size or not content.startswith(MAGIC):
        raise CheckpointError(where, "this is no checkpoint, or only the start of one", todo=_TODO)
    _, found, digest = _HEADER.unpack_from(content)
    if found != FORMAT:
        raise CheckpointError(
            where, f"it is of format {found}", f"this version reads format {FORMAT}", _TODO
        )
    with memoryview(content) as view:
        if _digest(view) != digest:
            raise CheckpointError(where, "it is damaged: its digest does not match", todo=_TODO)
    try:
        saved = _saved(load(content, _HEADER.size))
        owner = saved.trial_id
        if owner == trial.trial_id:
            _check(saved, trial)
    except MemoryError:
        raise
    except Exception as error:  # the digest matches, so another program wrote this
        what = f"it holds something else: {type(error).__name__}"
        raise CheckpointError(where, what, todo=_TODO) from error
    if owner != trial.trial_id:
        raise CheckpointError(where, f"it belongs to trial {owner[:12]}", todo=_TODO)
    return saved


def _saved(payload: Any) -> Saved:
    """The payload with the types that it must have. Raises ValueError, TypeError or KeyError."""
    for field in fields(Saved):
        if field.name in payload or field.default is MISSING:
            _expect(type(payload[field.name]) in _TYPES[field.name], field.name)
    rows = json.loads(payload["records"])
    _expect(isinstance(rows, list), "records")
    return Saved(**{**payload, "records": [_record(row) for row in rows]})


def _record(row: dict[str, Any]) -> Steps | Epoch:
    kind = Epoch if "epoch" in row else Steps
    for name, types in _RECORDS[kind].items():
        if name in row or not hasattr(kind, name):  # fields with a default came later
            _expect(type(row[name]) in types, name)
    return kind(**row)


def _check(saved: Saved, trial: ClassifierTrial) -> None:
    """Raise ValueError unless the counters can be those of this trial."""
    _expect(saved.config == trial.config(), "config")
    _expect(isfinite(saved.seconds) and isfinite(saved.epoch_seconds), "seconds")
    epoch = step = 0
    for record in saved.records:
        _expect(step <= record.step < _MOST_STEPS, "step")
        step = record.step
        if isinstance(record, Epoch):
            _expect(epoch < record.epoch <= trial.epochs, "epoch")
            epoch = record.epoch
    _expect(saved.epochs is None or epoch <= saved.epochs <= trial.epochs, "epochs")
    _expect(0 <= saved.steps < _MOST_STEPS, "steps")


def _expect(right: bool, what: str) -> None:
    if not right:
        raise ValueError(what)


def _digest(content: memoryview) -> bytes:
    return hashlib.sha256(content[_HEADER.size :]).digest()


def _plain(value: Any) -> Any:
    """A copy with dicts and lists as the only containers, and no tensor that is a view of a larger
    one.
    """
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Tensor) and value.untyped_storage().nbytes() > value.nbytes:
        return value.clone()
    return value
